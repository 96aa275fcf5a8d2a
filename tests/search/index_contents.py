"""Compare two indexes, down to every word."""

from pathlib import Path
from typing import Any

from tantivy import Query

from app.bootstrap import Services
from app.search.engine.facets import count_stories
from app.search.engine.generation import open_index
from app.search.engine.schema import BRANCH_COLUMNS, SCHEMA, all_stories
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index_updater import IndexUpdater

_WORDS = ("text", "headline", "title", "names", "trigrams", "spoken")
_FOUND = (
    "category",
    "source",
    "language",
    "kind",
    "month",
    "begun_tag",
    "tag",
    "author",
)
_VALUES = (*_FOUND, "ranges", *BRANCH_COLUMNS)


def rebuild(services: Services, path: Path) -> Path:
    """Build an index of the public stories in another folder."""
    index = TantivyIndex(path)
    for _ in IndexUpdater(index, services.delivery).rebuild():
        pass
    index.close()
    return path


def read_contents(folder: Path) -> dict[str, Any]:
    """Return the content of an index: its stories, and the frequency of each word and value."""
    (pointer,) = folder.glob("current-*")
    searcher = open_index(folder / pointer.read_text().strip()).searcher()
    held: dict[str, Any] = {}
    for name in (*_WORDS, *_VALUES):
        for term, _ in searcher.terms_with_prefix(name, ""):
            count = count_stories(searcher, Query.term_query(SCHEMA, name, term, "basic"))
            if count:
                held[f"{name} {term}"] = count
    hits = searcher.search(all_stories(), 100_000).hits
    addresses = [address for _, address in hits]
    ids = [searcher.doc(address)["id"][0] for address in addresses]
    for name in ("published_at", "updated_at", "tie"):
        values = searcher.fast_field_values(name, addresses)
        held |= {f"{name} of {id_}": value for id_, value in zip(ids, values, strict=True)}
    assert len(ids) == len(set(ids))
    return held
