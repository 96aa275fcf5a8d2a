"""The things that articles name: refs to ids when written, ids to slugs when shown."""

from collections.abc import Collection, Iterable

from app.content import store
from app.content.article import Article
from app.content.errors import unknown_reference
from app.content.inputs import ArticleInput
from app.content.slugs import normal_ref
from app.content.store.things import Reference
from app.kit.session import ReadSession


class References:
    """What a batch of articles names, looked up with one query for each type."""

    def __init__(self, session: ReadSession) -> None:
        """Start with nothing known."""
        self._session = session
        self._ids: dict[str, dict[str, str]] = {"source": {}, "category": {}, "article": {}}
        self._slugs: dict[str, dict[str, str]] = {"source": {}, "category": {}, "article": {}}
        self._more: dict[str, str | None] = {}

    def load_inputs(self, inputs: Iterable[ArticleInput]) -> None:
        """Look up what inputs name."""
        inputs = list(inputs)
        self._load(
            source={one.source for one in inputs if one.source},
            category={ref for one in inputs for ref in one.categories},
            article={one.translation_of for one in inputs if one.translation_of},
        )

    def load_articles(self, articles: Iterable[Article]) -> None:
        """Look up what articles hold, to show it by slug."""
        articles = list(articles)
        self._load(
            source={one.source_id for one in articles if one.source_id},
            category={ref for one in articles for ref in one.categories},
            article={one.translation_of for one in articles if one.translation_of},
        )

    def load(self, type_: str, ref: str) -> None:
        """Look up one thing."""
        self._load(**{type_: {ref}})

    def load_all(self, type_: str, refs: Collection[str]) -> None:
        """Look up things of a type."""
        self._load(**{type_: refs})

    def find(self, type_: str, ref: str) -> str | None:
        """Return the id behind a ref, looking it up, or nothing."""
        self._load(**{type_: {ref}})
        return self._ids[type_].get(normal_ref(ref))

    def id_of(self, type_: str, ref: str, pointer: str) -> str:
        """Return the id behind a ref, or blame the field that names it."""
        found = self._ids[type_].get(normal_ref(ref))
        if found is None:
            raise unknown_reference(pointer, type_, ref)
        return found

    def slug_of(self, type_: str, id_: str) -> str:
        """Return the slug of an id; the id itself where the thing is gone."""
        return self._slugs[type_].get(id_, id_)

    def source_url(self, source_id: str | None) -> str | None:
        """Return the address of a source."""
        return self._more.get(source_id) if source_id else None

    def translation_root(self, article_id: str) -> str:
        """Return the story that an article translates, or the article itself."""
        return self._more.get(article_id) or article_id

    def know(self, article: Article) -> None:
        """Remember an article of this batch, which may not be written down yet."""
        known = self._ids["article"]
        known[article.id] = known[article.slug] = article.id
        self._slugs["article"][article.id] = article.slug
        self._more[article.id] = article.translation_of

    def _load(self, **named: Collection[str]) -> None:
        """Look up things by their types."""
        for type_, refs in named.items():
            wanted = {normal_ref(ref) for ref in refs} - self._ids[type_].keys()
            if wanted:
                self._learn(type_, store.references(self._session, type_, wanted))

    def _learn(self, type_: str, rows: Iterable[Reference]) -> None:
        known = self._ids[type_]
        for row in rows:
            known[row.id] = known[row.slug] = row.id
            self._slugs[type_][row.id] = row.slug
            self._more[row.id] = row.more
