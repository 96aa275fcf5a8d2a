"""Import article lines: match and write them in batches."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from app.content import store
from app.content.article import Article, Stage, is_current, published, state_of
from app.content.commands.edit_article import rewritten
from app.content.drafting import base_of, new_article, written_fields
from app.content.errors import SlugTaken
from app.content.inputs import ArticleInput
from app.content.references import References
from app.content.saving import Action, Change, save_all
from app.content.slugs import free_slug, slug_from
from app.content.texts import sent_body, warnings_of
from app.content.transfer.lines import ArticleLine, Outcome, PublicCopy
from app.content.translations import check_translation, group_of
from app.kit.clock import format_instant
from app.kit.errors import Failure, FieldError, InvalidInput
from app.kit.ids import new_id
from app.kit.quoting import quote_text
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
        self._references = References(unit.session)
        self._by_id: dict[str, Article] = {}
        self._by_external: dict[tuple[str | None, str], Article] = {}
        self._by_slug: dict[str, Article] = {}
        self._taken: dict[str, bool] = {}
        self._changes: list[Change] = []
        self._touched: set[str] = set()
        self._tied: dict[str, dict[str, Article]] = {}

    def run(self, lines: list[tuple[int, ArticleLine]]) -> list[Outcome]:
        """Write the changes of the lines, and return the outcome of each."""
        if not lines:
            return []
        self._references.load_inputs(line for _, line in lines)
        self._load([line for _, line in lines])
        self._need_texts([line for _, line in lines])
        outcomes = [self._outcome(number, line) for number, line in lines]
        self._flush()
        return outcomes

    def _need_texts(self, lines: list[ArticleLine]) -> None:
        """Make sure that the texts of all lines that may write another body are computed."""
        texts = self._unit.prepared
        wanted = []
        for line in lines:
            named = line.id or line.external_id or line.slug
            known = self._match(line) if named else None
            if known is None or (line.body, line.body_format) != (known.body, known.body_format):
                wanted.append(sent_body(texts, line.body, line.body_format))
            if known is None and line.public is not None:
                wanted.append(sent_body(texts, line.public.body, line.public.body_format))
        texts.require(wanted)

    def _load(self, lines: list[ArticleLine]) -> None:
        session = self._unit.session
        for article in store.articles_by_ids(session, {x.id for x in lines if x.id}).values():
            self._know(article)
        pairs = {
            (source, line.external_id)
            for line in lines
            if line.external_id and (source := self._source_id(line))
        }
        for article in store.articles_by_external_ids(session, pairs):
            self._know(article)
        for article in store.articles_by_slugs(session, {x.slug for x in lines if x.slug}):
            self._know(article)
        wanted = {line.slug or slug_from(line.title, fallback="article") for line in lines}
        self._ask_taken(list(wanted))

    def _outcome(self, number: int, line: ArticleLine) -> Outcome:
        try:
            line = self._tied_here(line)
            known = self._match(line)
            if known is not None:
                return self._update(number, line, known)
            return self._create(number, line)
        except Failure as wrong:
            return Outcome(number, "refused", "article", line.id, line.slug, wrong)

    def _tied_here(self, line: ArticleLine) -> ArticleLine:
        """Replace an original that is not imported by the story that stands in for it."""
        public = line.public
        if line.translated_with is None and (public is None or public.translated_with is None):
            return line
        if public is not None:
            original = self._original(public, line.id)
            public = public.model_copy(update={"translation_of": original})
        original = self._original(line, line.id)
        return line.model_copy(update={"translation_of": original, "public": public})

    def _original(self, written: ArticleLine | PublicCopy, own_id: str | None) -> str | None:
        """Return what to link a story to: its original, the story that stands in, or nothing."""
        original, other = written.translation_of, written.translated_with
        if original is None or other is None or self._references.find("article", original):
            return original
        return None if other == own_id else self._references.find("article", other)

    def _match(self, line: ArticleLine) -> Article | None:
        if line.id is None and line.external_id is None and line.slug is None:
            detail = "An article line needs an id, an external_id or a slug, to be known again."
            raise InvalidInput(detail, errors=[FieldError("#/external_id", "required", detail)])
        if line.id and line.id in self._by_id:
            return self._by_id[line.id]
        if line.external_id:
            known = self._by_external_id(line, line.external_id)
            if known is not None:
                return known
        return self._by_slug.get(line.slug) if line.slug else None

    def _by_external_id(self, line: ArticleLine, external_id: str) -> Article | None:
        source_id = self._source_id(line)
        known = self._by_external.get((source_id, external_id))
        if known is None and source_id is None:
            known = store.article_by_external_id(self._unit.session, None, external_id)
            if known is not None:
                self._know(known)
        return known

    def _update(self, number: int, line: ArticleLine, known: Article) -> Outcome:
        if known.id in self._touched:
            self._flush()
        if state_of(known, self._unit.now) == line.state in {"deleted", "killed"}:
            return Outcome(number, "unchanged", "article", known.id, known.slug)
        change = self._rewritten(known, line)
        if change is None:
            return Outcome(number, "unchanged", "article", known.id, known.slug)
        self._add(change)
        return self._done(number, "updated", change.after)

    def _rewritten(self, known: Article, line: ArticleLine) -> Change | None:
        tied = self._group(line)
        return rewritten(self._unit, known, _input(line), self._references, tied)

    def _group(self, line: ArticleLine) -> dict[str, Article]:
        """Return the stories of a line's translation group that this batch has written."""
        if line.translation_of is None:
            return {}
        root = self._references.find("article", line.translation_of)
        return {} if root is None else self._tied.get(self._references.translation_root(root), {})

    def _create(self, number: int, line: ArticleLine) -> Outcome:
        fields = written_fields(line, self._references, self._base(line), self._unit.prepared)
        article = new_article(line.id or new_id(), self._slug(line), fields, self._unit.now)
        if article.translation_of is not None and line.state is None:
            check_translation(self._unit.session, article, known=self._group(line))
        if line.state is not None:
            self._add_exported(line, article)
        elif line.status == "published":
            article = published(article, self._unit.now, raise_version=False)
            self._add(Change(None, article, "published", tuple(line.former_slugs)))
        else:
            self._add(Change(None, article, "created"))
        return self._done(number, "created", article)

    def _done(
        self, number: int, status: Literal["created", "updated"], article: Article
    ) -> Outcome:
        warnings = warnings_of(self._unit.prepared, article)
        return Outcome(number, status, "article", article.id, article.slug, warnings=warnings)

    def _base(self, line: ArticleLine) -> str | None:
        """Return the base URL of a body; an exported body was resolved when it was stored."""
        return line.body_base if line.state else base_of(line, self._references)

    def _add_exported(self, line: ArticleLine, article: Article) -> None:
        """Restore an exported story with its state, versions and notes."""
        stage = _STAGES[line.state or "draft"]
        if stage == "published":
            _need_dates(line)
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
            self._add(Change(None, article, action, former))
            return
        copy = self._public_copy(line.public, article)
        self._add(Change(None, copy, "published", former))
        self._flush()
        ahead = replace(
            article,
            offered_from=copy.offered_from,
            public_from=copy.public_from,
            public_until=copy.public_until,
            released=copy.released,
        )
        self._add(Change(copy, ahead, "edited"))

    def _public_copy(self, public: PublicCopy, article: Article) -> Article:
        self._references.load_inputs([public])
        fields = written_fields(public, self._references, public.body_base, self._unit.prepared)
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

    def _slug(self, line: ArticleLine) -> str:
        if line.slug is None:
            wanted = slug_from(line.title, fallback="article")
            return free_slug(wanted, self._ask_taken)
        if self._ask_taken([line.slug]):
            raise SlugTaken(
                f"The slug {quote_text(line.slug)} belongs to another article.",
                errors=[FieldError("#/slug", "slug_taken", "Taken.")],
            )
        return line.slug

    def _ask_taken(self, slugs: list[str]) -> set[str]:
        new = [slug for slug in slugs if slug not in self._taken]
        if new:
            taken = store.taken_slugs(self._unit.session, "article", new)
            self._taken.update((slug, slug in taken) for slug in new)
        return {slug for slug in slugs if self._taken[slug]}

    def _source_id(self, line: ArticleLine) -> str | None:
        return self._references.find("source", line.source) if line.source else None

    def _add(self, change: Change) -> None:
        self._changes.append(change)
        self._touched.add(change.after.id)
        self._tie(change.after)
        self._taken[change.after.slug] = True
        self._know(change.after)
        self._references.know(change.after)

    def _tie(self, article: Article) -> None:
        before = self._by_id.get(article.id)
        self._tied.setdefault(group_of(article), {})[article.id] = article
        if before is not None and group_of(before) != group_of(article):
            self._tied.get(group_of(before), {}).pop(article.id, None)
            # Another story that takes its place is checked against stored rows.
            self._flush()

    def _know(self, article: Article) -> None:
        before = self._by_id.get(article.id)
        if before is not None:
            self._by_slug.pop(before.slug, None)
            self._by_external.pop((before.source_id, before.external_id or ""), None)
        self._by_id[article.id] = article
        self._by_slug[article.slug] = article
        if article.external_id is not None:
            self._by_external[(article.source_id, article.external_id)] = article

    def _flush(self) -> None:
        save_all(self._unit, self._changes)
        self._changes = []
        self._touched = set()


def _need_dates(line: ArticleLine) -> None:
    """Refuse a line with a published story that has no publication time."""
    if line.published_at is None:
        detail = f"A story whose state is {quote_text(line.state or '')} needs published_at."
        raise InvalidInput.at("#/published_at", "required", detail)
    if line.public is not None and line.public.published_at is None:
        detail = "A public copy needs published_at."
        raise InvalidInput.at("#/public/published_at", "required", detail)


def _input(line: ArticleLine) -> ArticleInput:
    """Return what a line writes over an existing story."""
    public = line.state in {"scheduled", "published", "expired"} and line.public is None
    status = "published" if public else line.status
    fields = {name: getattr(line, name) for name in ArticleInput.model_fields}
    return ArticleInput.model_construct(**{**fields, "status": status})
