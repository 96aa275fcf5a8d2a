"""Import article lines: match and write them in batches."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from app.content import store
from app.content.article import Article, Stage, compute_state, is_current, publish
from app.content.article_fields import build_draft, build_fields, find_base_url
from app.content.commands.edit_article import build_change
from app.content.errors import SlugTaken
from app.content.inputs import ArticleInput
from app.content.references import ReferenceResolver
from app.content.saving import Action, ArticleTransition, save_changes
from app.content.text_computation import computation_for, list_warnings
from app.content.transfer.lines import ArticleLine, LineOutcome, PublicCopy
from app.content.translations import check_translation, find_group
from app.kit.clock import format_instant
from app.kit.errors import Failure, FieldError, InvalidInput
from app.kit.ids import new_id
from app.kit.quoting import quote_text
from app.kit.slugs import find_free_slug, make_slug
from app.kit.sql.unit_of_work import UnitOfWork

_STAGES: dict[str, Stage] = {
    "draft": "draft",
    "scheduled": "published",
    "published": "published",
    "expired": "published",
    "unpublished": "unpublished",
    "killed": "killed",
    "deleted": "unpublished",
}


class ArticleBatch:
    """The articles of one transaction: a few queries for all of them, then one write."""

    def __init__(self, unit: UnitOfWork) -> None:
        """Start a batch in a unit of work."""
        self._unit = unit
        self._references = ReferenceResolver(unit.session)
        self._by_id: dict[str, Article] = {}
        self._by_external: dict[tuple[str | None, str], Article] = {}
        self._by_slug: dict[str, Article] = {}
        self._taken: dict[str, bool] = {}
        self._changes: list[ArticleTransition] = []
        self._changed_ids: set[str] = set()
        self._groups: dict[str, dict[str, Article]] = {}

    def run(self, lines: list[tuple[int, ArticleLine]]) -> list[LineOutcome]:
        """Write the changes of the lines, and return the outcome of each."""
        if not lines:
            return []
        self._references.load_inputs(line for _, line in lines)
        self._load([line for _, line in lines])
        self._require_texts([line for _, line in lines])
        outcomes = [self._import_line(number, line) for number, line in lines]
        self._flush()
        return outcomes

    def _require_texts(self, lines: list[ArticleLine]) -> None:
        """Make sure that the texts of all lines that may write another body are computed."""
        texts = self._unit.prepared
        wanted = []
        for line in lines:
            named = line.id or line.external_id or line.slug
            known = self._match(line) if named else None
            if known is None or (line.body, line.body_format) != (known.body, known.body_format):
                wanted.append(computation_for(texts, line.body, line.body_format))
            if known is None and line.public is not None:
                wanted.append(computation_for(texts, line.public.body, line.public.body_format))
        texts.require(wanted)

    def _load(self, lines: list[ArticleLine]) -> None:
        session = self._unit.session
        for article in store.lock_articles_by_ids(session, {x.id for x in lines if x.id}).values():
            self._index(article)
        pairs = {
            (source, line.external_id)
            for line in lines
            if line.external_id and (source := self._find_source_id(line))
        }
        for article in store.lock_articles_by_external_ids(session, pairs):
            self._index(article)
        for article in store.lock_articles_by_slugs(session, {x.slug for x in lines if x.slug}):
            self._index(article)
        wanted = {line.slug or make_slug(line.title, fallback="article") for line in lines}
        self._find_taken_slugs(list(wanted))

    def _import_line(self, number: int, line: ArticleLine) -> LineOutcome:
        try:
            line = self._replace_missing_original(line)
            known = self._match(line)
            if known is not None:
                return self._update(number, line, known)
            return self._create(number, line)
        except Failure as error:
            return LineOutcome(number, "refused", "article", line.id, line.slug, error)

    def _replace_missing_original(self, line: ArticleLine) -> ArticleLine:
        """Replace an original that is not imported by the story that stands in for it."""
        public = line.public
        if line.translated_with is None and (public is None or public.translated_with is None):
            return line
        if public is not None:
            original = self._find_original(public, line.id)
            public = public.model_copy(update={"translation_of": original})
        original = self._find_original(line, line.id)
        return line.model_copy(update={"translation_of": original, "public": public})

    def _find_original(self, written: ArticleLine | PublicCopy, own_id: str | None) -> str | None:
        """Return what to link a story to: its original, the story that stands in, or nothing."""
        original, other = written.translation_of, written.translated_with
        if original is None or other is None or self._references.find_id("article", original):
            return original
        return None if other == own_id else self._references.find_id("article", other)

    def _match(self, line: ArticleLine) -> Article | None:
        if line.id is None and line.external_id is None and line.slug is None:
            detail = "An article line needs an id, an external_id or a slug, to be known again."
            raise InvalidInput(detail, errors=[FieldError("#/external_id", "required", detail)])
        if line.id and line.id in self._by_id:
            return self._by_id[line.id]
        if line.external_id:
            known = self._find_by_external_id(line, line.external_id)
            if known is not None:
                return known
        return self._by_slug.get(line.slug) if line.slug else None

    def _find_by_external_id(self, line: ArticleLine, external_id: str) -> Article | None:
        source_id = self._find_source_id(line)
        known = self._by_external.get((source_id, external_id))
        if known is None and source_id is None:
            known = store.lock_article_by_external_id(self._unit.session, None, external_id)
            if known is not None:
                self._index(known)
        return known

    def _update(self, number: int, line: ArticleLine, known: Article) -> LineOutcome:
        if known.id in self._changed_ids:
            self._flush()
        if compute_state(known, self._unit.now) == line.state in {"deleted", "killed"}:
            return LineOutcome(number, "unchanged", "article", known.id, known.slug)
        change = self._build_change(known, line)
        if change is None:
            return LineOutcome(number, "unchanged", "article", known.id, known.slug)
        self._add(change)
        return self._build_outcome(number, "updated", change.after)

    def _build_change(self, known: Article, line: ArticleLine) -> ArticleTransition | None:
        tied = self._find_group(line)
        return build_change(self._unit, known, _build_input(line), self._references, tied)

    def _find_group(self, line: ArticleLine) -> dict[str, Article]:
        """Return the stories of a line's translation group that this batch has written."""
        if line.translation_of is None:
            return {}
        root = self._references.find_id("article", line.translation_of)
        return (
            {}
            if root is None
            else self._groups.get(self._references.get_translation_root(root), {})
        )

    def _create(self, number: int, line: ArticleLine) -> LineOutcome:
        fields = build_fields(line, self._references, self._find_base(line), self._unit.prepared)
        article = build_draft(line.id or new_id(), self._choose_slug(line), fields, self._unit.now)
        if article.translation_of is not None and line.state is None:
            check_translation(self._unit.session, article, known=self._find_group(line))
        if line.state is not None:
            self._add_exported(line, article)
        elif line.status == "published":
            article = publish(article, self._unit.now, raise_version=False)
            self._add(ArticleTransition(None, article, "published", tuple(line.former_slugs)))
        else:
            self._add(ArticleTransition(None, article, "created"))
        return self._build_outcome(number, "created", article)

    def _build_outcome(
        self, number: int, status: Literal["created", "updated"], article: Article
    ) -> LineOutcome:
        warnings = list_warnings(self._unit.prepared, article)
        return LineOutcome(number, status, "article", article.id, article.slug, warnings=warnings)

    def _find_base(self, line: ArticleLine) -> str | None:
        """Return the base URL of a body; an exported body was resolved when it was stored."""
        return line.body_base if line.state else find_base_url(line, self._references)

    def _add_exported(self, line: ArticleLine, article: Article) -> None:
        """Restore an exported story with its state, versions and notes."""
        stage = _STAGES[line.state or "draft"]
        if stage == "published":
            _require_dates(line)
        if line.state == "deleted" and line.first_published_at is None:
            stage = "draft"
        article = replace(
            article,
            stage=stage,
            version=line.version or 1,
            published_version=line.published_version if stage == "published" else None,
            corrections=[
                {"at": format_instant(correction.at), "note": correction.note}
                for correction in line.corrections
            ],
            first_published_at=line.first_published_at,
            updated_at=line.updated_at or (line.published_at if stage == "published" else None),
            created_at=line.created_at or article.created_at,
            modified_at=line.modified_at or article.modified_at,
            deleted_at=line.deleted_at or (self._unit.now if line.state == "deleted" else None),
            offered_from=(line.offered_from or article.published_at)
            if stage == "published"
            else None,
            public_from=article.published_at if stage == "published" else None,
            public_until=article.expires_at if stage == "published" else None,
            released=stage == "published" and self._is_past(article.published_at),
            scheduled_at_local=line.scheduled_at_local,
            time_zone=line.time_zone,
            answer=line.answer,
            notice=line.notice,
            redirect_to=line.redirect_to,
        )
        former = tuple(line.former_slugs)
        if line.public is None or stage != "published":
            if stage == "published" and not is_current(article):
                article = replace(article, published_version=article.version)
            action: Action = "published" if stage == "published" else "created"
            self._add(ArticleTransition(None, article, action, former))
            return
        copy = self._build_public_copy(line.public, article)
        self._add(ArticleTransition(None, copy, "published", former))
        self._flush()
        ahead = replace(
            article,
            offered_from=copy.offered_from,
            public_from=copy.public_from,
            public_until=copy.public_until,
            released=copy.released,
        )
        self._add(ArticleTransition(copy, ahead, "edited"))

    def _build_public_copy(self, public: PublicCopy, article: Article) -> Article:
        self._references.load_inputs([public])
        fields = build_fields(public, self._references, public.body_base, self._unit.prepared)
        return replace(
            article,
            **fields,
            slug=public.slug or article.slug,
            version=public.version,
            published_version=public.version,
            offered_from=min(
                article.offered_from or fields["published_at"], fields["published_at"]
            ),
            public_from=fields["published_at"],
            public_until=fields["expires_at"],
            released=self._is_past(fields["published_at"]),
        )

    def _is_past(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self._unit.now

    def _choose_slug(self, line: ArticleLine) -> str:
        if line.slug is None:
            wanted = make_slug(line.title, fallback="article")
            return find_free_slug(wanted, self._find_taken_slugs)
        if self._find_taken_slugs([line.slug]):
            raise SlugTaken(
                f"The slug {quote_text(line.slug)} belongs to another article.",
                errors=[FieldError("#/slug", "slug_taken", "Taken.")],
            )
        return line.slug

    def _find_taken_slugs(self, slugs: list[str]) -> set[str]:
        new = [slug for slug in slugs if slug not in self._taken]
        if new:
            taken = store.find_taken_slugs(self._unit.session, "article", new)
            self._taken.update((slug, slug in taken) for slug in new)
        return {slug for slug in slugs if self._taken[slug]}

    def _find_source_id(self, line: ArticleLine) -> str | None:
        return self._references.find_id("source", line.source) if line.source else None

    def _add(self, change: ArticleTransition) -> None:
        self._changes.append(change)
        self._changed_ids.add(change.after.id)
        self._add_to_group(change.after)
        self._taken[change.after.slug] = True
        self._index(change.after)
        self._references.add(change.after)

    def _add_to_group(self, article: Article) -> None:
        before = self._by_id.get(article.id)
        self._groups.setdefault(find_group(article), {})[article.id] = article
        if before is not None and find_group(before) != find_group(article):
            self._groups.get(find_group(before), {}).pop(article.id, None)
            # Another story that takes its place is checked against stored rows.
            self._flush()

    def _index(self, article: Article) -> None:
        before = self._by_id.get(article.id)
        if before is not None:
            self._by_slug.pop(before.slug, None)
            self._by_external.pop((before.source_id, before.external_id or ""), None)
        self._by_id[article.id] = article
        self._by_slug[article.slug] = article
        if article.external_id is not None:
            self._by_external[(article.source_id, article.external_id)] = article

    def _flush(self) -> None:
        save_changes(self._unit, self._changes)
        self._changes = []
        self._changed_ids = set()


def _require_dates(line: ArticleLine) -> None:
    """Refuse a line with a published story that has no publication time."""
    if line.published_at is None:
        detail = f"A story whose state is {quote_text(line.state or '')} needs published_at."
        raise InvalidInput.at("#/published_at", "required", detail)
    if line.public is not None and line.public.published_at is None:
        detail = "A public copy needs published_at."
        raise InvalidInput.at("#/public/published_at", "required", detail)


def _build_input(line: ArticleLine) -> ArticleInput:
    """Return what a line writes over an existing story."""
    public = line.state in {"scheduled", "published", "expired"} and line.public is None
    status = "published" if public else line.status
    fields = {name: getattr(line, name) for name in ArticleInput.model_fields}
    return ArticleInput.model_construct(**{**fields, "status": status})
