"""Weights in `Accept` and `Accept-Encoding` (RFC 9110, section 12.4.2)."""


def weights(accepted: str) -> dict[str, float]:
    """Return the weight of each value of an `Accept…` header (section 12.4.2)."""
    found: dict[str, float] = {}
    for part in accepted.split(","):
        name, *parameters = part.split(";")
        found[name.strip().lower()] = _quality(parameters)
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            return _number(value)
    return 1.0


def _number(value: str) -> float:
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
