"""What a statement depends on of an entitlement, and the parameters that have the rest.

The grants are one JSON parameter, so that a statement is the same for every entitlement. Each is
`[embargoed, delay, depth, conditions]`, with times in microseconds. A condition is `[wanted,
field, values]`: the document has one of the values if `wanted` is 1, and none of them if it is 0.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from app.access.entitlement import Entitlement, Grant
from app.access.selection import Selection, TimeRange
from app.kit import json
from app.kit.clock import MICROSECOND

# The name of the parameter.
GRANTS = "grants"
# Microseconds of a depth without a limit: longer than the time since 1970.
_NO_DEPTH = 10**17


class AccessShape(NamedTuple):
    """What a statement depends on of an entitlement.

    `embargoed` includes stories under embargo. With `limited`, only stories that a grant includes
    are visible; the parameter `grants` has them.
    """

    embargoed: bool = False
    limited: bool = False


PUBLIC_ACCESS = AccessShape()


def shape_access(entitlement: Entitlement) -> AccessShape:
    """Return what a statement depends on of an entitlement."""
    return AccessShape(entitlement.embargoed, not entitlement.is_unlimited)


def bind_access(entitlement: Entitlement) -> dict[str, Any]:
    """Return the parameters of an entitlement for the visibility rule."""
    if entitlement.is_unlimited:
        return {}
    return {GRANTS: _encode_grants(entitlement)}


@lru_cache(maxsize=1024)
def _encode_grants(entitlement: Entitlement) -> str:
    return json.dumps_text([_encode_grant(grant) for grant in entitlement.grants])


def _encode_grant(grant: Grant) -> list[Any]:
    depth = _NO_DEPTH if grant.depth is None else grant.depth // MICROSECOND
    conditions = list(_encode_selection(grant.selection))
    return [int(grant.embargoed), grant.delay // MICROSECOND, depth, conditions]


def _encode_selection(selection: Selection) -> Iterator[list[Any]]:
    if selection.published != TimeRange() or selection.updated != TimeRange():
        raise ValueError("A grant has no time ranges beside its delay and depth.")
    for clause in selection.clauses:
        if clause.included:
            yield [1, clause.field, clause.included]
        if clause.excluded:
            yield [0, clause.field, clause.excluded]
