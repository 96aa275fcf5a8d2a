"""Move common parts of operations to components; the document becomes a third as large."""

from collections import Counter
from typing import Any

from app.api.http.access import MANAGED
from app.api.http.problems import MEDIA_TYPE
from app.kit import json

_Component = dict[str, Any]


def share_problems(paths: dict[str, Any]) -> dict[str, _Component]:
    """Replace answers that are only problems by references, and return the components."""
    shared: dict[str, _Component] = {}
    for path, by_method in paths.items():
        for operation in by_method.values():
            for status, response in operation["responses"].items():
                if response.get("content", {}).keys() == {MEDIA_TYPE}:
                    name = _problem_name(path, status, response)
                    if shared.setdefault(name, response) != response:
                        raise ValueError(f"Two answers are called {name!r}.")
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(shared.items()))


def share_parameters(paths: dict[str, Any]) -> dict[str, _Component]:
    """Replace parameters by references where several operations have the same one.

    A name that stands for several parameters is the name of the most frequent.
    """
    operations = [operation for by_method in paths.values() for operation in by_method.values()]
    uses = Counter(
        _key(parameter) for operation in operations for parameter in operation.get("parameters", ())
    )
    shared: dict[str, _Component] = {}
    for key, count in uses.most_common():
        parameter = json.loads(key)
        if count > 1:
            shared.setdefault(parameter["name"], parameter)
    for operation in operations:
        if "parameters" in operation:
            operation["parameters"] = [
                _share(parameter, shared) for parameter in operation["parameters"]
            ]
    return dict(sorted(shared.items()))


def _share(parameter: _Component, shared: dict[str, _Component]) -> _Component:
    name = parameter["name"]
    is_shared = shared.get(name) == parameter
    return {"$ref": f"#/components/parameters/{name}"} if is_shared else parameter


def _problem_name(path: str, status: str, response: _Component) -> str:
    """Name an answer by the part of the API, its headers, the status and the codes."""
    part = "Newsroom" if path.startswith(MANAGED) else "Public"
    cached = "Cached" if "Surrogate-Key" in response["headers"] else ""
    token = "Token" if "Referrer-Policy" in response["headers"] else ""
    cookie = "Cookie" if "Set-Cookie" in response["headers"] else ""
    codes = ".".join(response["content"][MEDIA_TYPE]["examples"])
    return f"{part}{token}{cookie}{cached}{status}.{codes}"


def _key(parameter: _Component) -> bytes:
    return json.dumps_sorted(parameter)
