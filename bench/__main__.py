"""`python -m bench`: measure, print the table, write the numbers."""

import argparse
import dataclasses
import json
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.load import choose_generator
from bench.machine import describe_machine
from bench.measurement import Measurement
from bench.measurements import ALL, LAYERS
from bench.report import Result, document, facts_line, table, write_json
from bench.results_page import RESULTS, SPEED_LAYERS, write_docs
from bench.setup import QUICK, BenchmarkSetup, Plan

_LATEST = Path(__file__).parent / "results" / "latest.json"


def main() -> int:
    """Run the requested measurements; return 1 if one of them failed."""
    options = _options()
    section = SPEED_LAYERS if options.layers else RESULTS
    if options.redraw:
        write_docs(section, json.loads(section.document.read_text(encoding="utf-8")))
        return 0
    # Exit normally after a signal, so that no server is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan, generator = _plan(options), choose_generator()
    facts = describe_machine(generator.name)
    chosen = LAYERS if options.layers else ALL
    if options.only:
        chosen = tuple(each for each in (*ALL, *LAYERS) if each.name in options.only)
    with (
        tempfile.TemporaryDirectory(prefix="dateline-bench-") as folder,
        closing(BenchmarkSetup(Path(folder), plan, generator)) as stage,
    ):
        results = _run(stage, chosen)
    print(facts_line(facts), table(results), sep="\n\n")
    run_document = document(facts, dataclasses.asdict(plan), results)
    write_json(options.json, run_document)
    failed = any(result.error for result in results)
    if options.write_docs and not failed:
        write_docs(section, run_document)
    return int(failed)


def _options() -> argparse.Namespace:
    names = [each.name for each in (*ALL, *LAYERS)]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small archive and short rounds")
    parser.add_argument("--layers", action="store_true", help="each speed layer, with and without")
    parser.add_argument("--stories", type=int, metavar="N", help="the size of the archive")
    parser.add_argument(
        "--limited-seconds",
        type=int,
        metavar="N",
        help="how long two processes share a limit; 600 are ten minutes",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=names,
        help="one measurement alone; may be repeated: " + ", ".join(names),
    )
    parser.add_argument("--json", type=Path, metavar="FILE", default=_LATEST, help="where to write")
    parser.add_argument("--write-docs", action="store_true", help="renew docs/benchmarks.md")
    parser.add_argument("--redraw", action="store_true", help="renew it from what was measured")
    options = parser.parse_args()
    chosen = (options.quick, options.stories, options.only, options.limited_seconds)
    if options.write_docs and any(chosen):
        parser.error("The documentation shows whole runs: --write-docs has no other options.")
    return options


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    sizes = {"stories": options.stories, "limited_seconds": options.limited_seconds}
    return dataclasses.replace(plan, **{name: value for name, value in sizes.items() if value})


def _run(stage: BenchmarkSetup, measurements: Sequence[Measurement]) -> list[Result]:
    results = []
    for number, measurement in enumerate(measurements, 1):
        progress = f"{number}/{len(measurements)} {measurement.name}"
        print(progress, file=sys.stderr, flush=True)
        results.append(_measure(stage, measurement))
    return results


def _measure(stage: BenchmarkSetup, measurement: Measurement) -> Result:
    began = time.monotonic()
    try:
        outcome, error = measurement.run(stage), None
    except Exception as wrong:  # noqa: BLE001 - one that fails must not hide the others
        traceback.print_exc()
        outcome, error = None, f"{type(wrong).__name__}: {wrong}"
    return Result(measurement, outcome, error, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
