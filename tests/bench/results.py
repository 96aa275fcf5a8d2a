"""Results in the form that a run writes, for tests of the pages made from them."""

from typing import Any


def result(**changed: Any) -> dict[str, Any]:
    """Return a result that met its goal, with some fields changed."""
    usual = {
        "name": "one",
        "what": "headlines",
        "against": "floor",
        "goal": {"bound": 0.5, "at_most": False, "unit": ""},
        "met": True,
        "error": None,
        "value": 0.75,
        "cpu_ratio": 0.7,
        "left": 750.0,
        "right": 1000.0,
        "unit": "requests/s",
        "notes": [],
    }
    return usual | changed


def document(*results: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a run with these results."""
    machine = {
        "measured_at": "2026-01-12 10:00 UTC",
        "processor": "Abacus",
        "cores": 2,
        "memory_gb": 8.0,
        "system": "Clay",
        "python": "3.11.7",
        "sqlite": "3.40.1",
        "packages": {"uvicorn": "0.54.0"},
        "load_generator": "wrk",
        "load_average": [0.1, 0.2, 0.3],
    }
    return {"machine": machine, "plan": {}, "results": list(results)}
