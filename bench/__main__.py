"""`python -m bench`: measure, print the table, write the numbers."""

import argparse
import dataclasses
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from bench.load import best_generator
from bench.machine import machine_facts
from bench.measurement import Measurement
from bench.measurements import ALL
from bench.report import Result, facts_line, table, write_json
from bench.stage import QUICK, Plan, Stage

_LATEST = Path(__file__).parent / "results" / "latest.json"


def main() -> int:
    """Run what was asked for; return 1 if anything could not be measured."""
    # Leave by the same door when ended from outside, so that no server stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _options()
    plan = _plan(options)
    generator = best_generator()
    facts = machine_facts(generator.name)
    chosen = [each for each in ALL if not options.only or each.name in options.only]
    with tempfile.TemporaryDirectory(prefix="dateline-bench-") as folder:
        results = _run(Stage(Path(folder), plan, generator), chosen)
    print(facts_line(facts), table(results), sep="\n\n")
    write_json(options.json, facts, dataclasses.asdict(plan), results)
    return int(any(result.error for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small archive and short rounds")
    parser.add_argument("--stories", type=int, metavar="N", help="the size of the archive")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=[each.name for each in ALL],
        help="one measurement alone; may be repeated: " + ", ".join(each.name for each in ALL),
    )
    parser.add_argument("--json", type=Path, metavar="FILE", default=_LATEST, help="where to write")
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    return dataclasses.replace(plan, stories=options.stories) if options.stories else plan


def _run(stage: Stage, measurements: Sequence[Measurement]) -> list[Result]:
    results = []
    for number, measurement in enumerate(measurements, 1):
        progress = f"{number}/{len(measurements)} {measurement.name}"
        print(progress, file=sys.stderr, flush=True)
        results.append(_measured(stage, measurement))
    return results


def _measured(stage: Stage, measurement: Measurement) -> Result:
    began = time.monotonic()
    try:
        outcome, error = measurement.run(stage), None
    except Exception as wrong:  # noqa: BLE001 - one that fails must not hide the others
        traceback.print_exc()
        outcome, error = None, f"{type(wrong).__name__}: {wrong}"
    return Result(measurement, outcome, error, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
