"""`python -m bench.search`: the quality of the search and of plain Tantivy on a collection."""

import argparse
import sys
from pathlib import Path

from bench.search.collection import Collection, plain, squad
from bench.search.generated_collections import passages, titles
from bench.search.measures import MEASURES, averages
from bench.search.systems import System, systems

_DEPTH = 100


def main() -> int:
    """Measure each system by a collection, and print a line for each."""
    options = _options()
    collection = _collection(options)
    print(f"{len(collection.documents)} documents, {len(collection.queries)} queries")
    print(_line("", list(MEASURES)))
    for name, system in systems(collection.documents, options.language).items():
        measured = averages(rankings(system, collection), collection.judgements)
        print(_line(name, [f"{measured[measure]:.4f}" for measure in MEASURES]), flush=True)
    return 0


def rankings(system: System, collection: Collection) -> dict[str, list[str]]:
    """Return the results of a system for each query."""
    return {id_: system.ranking(text, _DEPTH) for id_, text in collection.queries.items()}


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<18}" + "".join(f"{cell:>9}" for cell in cells)


def _collection(options: argparse.Namespace) -> Collection:
    if options.squad:
        return squad(options.squad, options.language)
    if options.titles:
        return titles(options.titles, options.half)
    if options.passages:
        return passages(options.passages, options.half)
    return plain(options.documents, options.queries, options.judgements, options.language)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--documents", type=Path, metavar="NDJSON", help="id, title, body, …")
    parser.add_argument("--queries", type=Path, metavar="TSV", help="id and text")
    parser.add_argument("--judgements", type=Path, metavar="TSV", help="query, document, grade")
    parser.add_argument("--squad", type=Path, metavar="JSON", help="instead: a file like SQuAD's")
    parser.add_argument(
        "--titles", type=Path, metavar="NDJSON", help="instead: news, each found by its title"
    )
    parser.add_argument(
        "--passages", type=Path, metavar="NDJSON", help="instead: news, found by a part of it"
    )
    parser.add_argument(
        "--half", default="all", choices=("all", "tuning", "testing"), help="of the questions made"
    )
    parser.add_argument("--language", default="en", help="of documents that name none (en)")
    options = parser.parse_args()
    named = options.documents and options.queries and options.judgements
    if not (named or options.squad or options.titles or options.passages):
        parser.error(
            "name --documents, --queries and --judgements, --squad, --titles or --passages"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
