"""`python -m tools.answers record` and `compare`."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from tools.answers import compare, database, malformed, management, reads
from tools.answers.recorder import Recorder
from tools.answers.server import Dateline

_ROOT = Path(__file__).resolve().parents[2]
_SETTLE_SECONDS = 3.0
# Settings other than the defaults, by the name of their phase.
_CONFIGURATIONS = {
    "anonymous none": {"anonymous": "none"},
    "anonymous headlines": {"anonymous": "headlines"},
    "addresses": {
        "public_url": "https://api.example/",
        "story_url": "https://site.example/{slug}",
        "site_name": "Answers & More",
        "allowed_hosts": "answers.example,api.example",
        "cors_origins": "https://site.example",
        "management_cors_origins": "https://desk.example",
        "management": "false",
    },
}


def main() -> int:
    """Run a command; return 1 if recordings differ."""
    # A stopped recording stops its server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments = _parser().parse_args()
    if arguments.command == "compare":
        return _compare(arguments.before, arguments.after, arguments.allow, arguments.examples)
    folder = arguments.folder.resolve()
    checkout = arguments.checkout.resolve()
    if not (folder / "prepared.json").exists():
        database.prepare(folder, arguments.database, checkout)
    began = time.monotonic()
    path = folder / f"{arguments.name}.jsonl"
    number = record(folder, checkout, path)
    print(f"{path}: {number} answers in {time.monotonic() - began:.0f} s")
    return 0


def record(folder: Path, checkout: Path, path: Path) -> int:
    """Record the responses of a checkout on a copy of the database; return their number."""
    with tempfile.TemporaryDirectory(prefix="answers-") as name:
        work = Path(name)
        with database.copy_database(folder, work) as url, path.open("w", encoding="utf-8") as out:
            dateline = Dateline(checkout, url, work, database.read_port(folder))
            dateline.run("migrate")
            _record_all(dateline, database.read_keys(folder), out)
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def _record_all(dateline: Dateline, keys: dict[str, str], output: TextIO) -> None:
    with dateline.serve() as connection:
        recorder = Recorder("default", connection, keys, output)
        reads.record_twice(recorder, reads.targets())
        reads.record_readers(recorder)
        reads.record_conditions(recorder)
        reads.record_methods(recorder)
        reads.record_pages(recorder)
        for label, content in malformed.requests():
            recorder.raw(label, content)
    with dateline.serve(cache_bytes="0") as connection:
        recorder = Recorder("no cache", connection, keys, output)
        for target in reads.targets():
            recorder.get(target)
    for phase, settings in _CONFIGURATIONS.items():
        with dateline.serve(**settings) as connection:
            recorder = Recorder(phase, connection, keys, output)
            reads.record_twice(recorder, [*reads.SAMPLE, *reads.feeds()])
            reads.record_readers(recorder)
            reads.record_methods(recorder)
            management.record_hub(recorder)
    with dateline.serve() as connection:
        recorder = Recorder("management", connection, keys, output)
        position = reads.last_cursor(recorder)
        management.record(recorder)
        # A response has no Last-Modified until the last change is some seconds old.
        time.sleep(_SETTLE_SECONDS)
        reads.record_changes(recorder, position)
    # Scores depend on the history of an index; a new one has the same scores each time.
    dateline.remove_index()
    with dateline.serve() as connection:
        recorder = Recorder("after management", connection, keys, output)
        reads.record_twice(recorder, [*reads.targets(), *management.targets()])


def _compare(before: Path, after: Path, allow: Path | None, examples: int) -> int:
    allowed = compare.read_allowed(allow)
    rows = compare.read(before)
    differing = list(compare.compare(rows, compare.read(after)))
    differences = [
        difference for difference in differing if not compare.is_allowed(difference, allowed)
    ]
    for line in compare.report(differences, examples):
        print(line)
    print(f"{len(rows)} answers, {len(differences)} differences", end="")
    print(f", {len(differing) - len(differences)} more that are allowed" if allowed else "")
    return 1 if differences else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.answers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="record what a checkout answers")
    recording.add_argument("folder", type=Path, help="holds the prepared database and recordings")
    recording.add_argument("name", help="of the recording: FOLDER/NAME.jsonl is written")
    recording.add_argument("--database", choices=database.KINDS, default="sqlite")
    recording.add_argument("--checkout", type=Path, default=_ROOT, help="default: this one")
    comparing = commands.add_parser("compare", help="compare two recordings")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--allow", type=Path, help="a file of patterns for KIND | LABEL")
    comparing.add_argument("--examples", type=int, default=3, help="shown of each kind")
    return parser


if __name__ == "__main__":
    sys.exit(main())
