"""Resolve references of articles: to ids when they are written, to slugs when they are shown."""

from collections.abc import Collection, Iterable, Mapping

from app.content import store
from app.content.article import Article
from app.content.errors import build_unknown_reference
from app.content.inputs import ArticleInput
from app.kit.ids import normalize_ref
from app.kit.sql.session import ReadSession


class ReferenceResolver:
    """Resolves the references of a batch of articles, with one query for all types."""

    def __init__(self, session: ReadSession) -> None:
        """Start without any references loaded."""
        self._session = session
        self._ids: dict[str, dict[str, str]] = {"source": {}, "category": {}, "article": {}}
        self._slugs: dict[str, dict[str, str]] = {"source": {}, "category": {}, "article": {}}
        self._more: dict[str, str | None] = {}

    def load_inputs(self, inputs: Iterable[ArticleInput]) -> None:
        """Load what inputs refer to."""
        sources: set[str] = set()
        categories: set[str] = set()
        originals: set[str] = set()
        for written in inputs:
            sources.update(filter(None, [written.source]))
            categories.update(written.categories)
            originals.update(filter(None, [written.translation_of]))
        self._load({"source": sources, "category": categories, "article": originals})

    def load_articles(self, articles: Iterable[Article]) -> None:
        """Load what articles refer to, to show it by slug."""
        sources: set[str] = set()
        categories: set[str] = set()
        originals: set[str] = set()
        for article in articles:
            sources.update(filter(None, [article.source_id]))
            categories.update(article.categories)
            originals.update(filter(None, [article.translation_of]))
        self._load({"source": sources, "category": categories, "article": originals})

    def load(self, type_: str, ref: str) -> None:
        """Load one reference."""
        self.load_all(type_, {ref})

    def load_all(self, type_: str, refs: Collection[str]) -> None:
        """Load references of a type."""
        self._load({type_: refs})

    def _load(self, refs: Mapping[str, Collection[str]]) -> None:
        """Load references of several types, with one query for all that are not loaded yet."""
        wanted: dict[str, set[str]] = {}
        for type_, named in refs.items():
            missing = set(map(normalize_ref, named)) - self._ids[type_].keys()
            if missing:
                wanted[type_] = missing
        for row in store.load_references(self._session, wanted):
            self._ids[row.type][row.id] = self._ids[row.type][row.slug] = row.id
            self._slugs[row.type][row.id] = row.slug
            self._more[row.id] = row.more

    def find_id(self, type_: str, ref: str) -> str | None:
        """Load a reference and return its id, or `None`."""
        self.load_all(type_, {ref})
        return self._ids[type_].get(normalize_ref(ref))

    def get_id(self, type_: str, ref: str, pointer: str) -> str:
        """Return the id of a loaded reference; raise an error for the field if it is unknown."""
        found = self._ids[type_].get(normalize_ref(ref))
        if found is None:
            raise build_unknown_reference(pointer, type_, ref)
        return found

    def get_slug(self, type_: str, id_: str) -> str:
        """Return the slug of a loaded id, or the id itself if it does not exist any more."""
        return self._slugs[type_].get(id_, id_)

    def get_source_url(self, source_id: str | None) -> str | None:
        """Return the URL of a source."""
        return self._more.get(source_id) if source_id else None

    def get_translation_root(self, article_id: str) -> str:
        """Return the original of an article, or the article itself."""
        return self._more.get(article_id) or article_id

    def add(self, article: Article) -> None:
        """Add an article of this batch, which may not be written yet."""
        known = self._ids["article"]
        known[article.id] = known[article.slug] = article.id
        self._slugs["article"][article.id] = article.slug
        self._more[article.id] = article.translation_of
