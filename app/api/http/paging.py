"""Paging: limits, signed cursors, counts, and links to other pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from app.access.entitlement import PUBLIC, Entitlement
from app.access.errors import RightsChanged
from app.api.http.parameters import Parameter, Values, choice_parser, declare_number, declare_text
from app.kit import json
from app.kit.cursor import Signer, fingerprint
from app.kit.errors import BadCursor

Count = Literal["exact", "estimated"]
CountIs = Literal["exact", "at_least", "estimated"]
_COUNTS: dict[str, Count | None] = {"exact": "exact", "estimated": "estimated", "none": None}
_OTHER_QUERY = "This cursor belongs to another query. Repeat that query's filters."
_OTHER_RIGHTS = (
    "This cursor was issued for other access rights than you have now. Start again without it."
)
# Characters that a query may have unencoded, and `%` (RFC 3986, section 3.4).
_OF_QUERIES = "!$&'()*+,;=:@/?%-._~"
_CURSOR = "cursor="
_choose_count = choice_parser(_COUNTS)


def _parse_count(name: str, sent: str) -> Count | None:
    return _COUNTS[_choose_count(name, sent)]


# A client that names stories wants all of them. The schema has no default, because there are two,
# and some generated clients send it.
LIMIT = replace(
    declare_number(
        "limit", 20, 1, 100, "The largest number of items; 20 if left out, and 100 with `ids`."
    ),
    schema={"type": "integer", "minimum": 1, "maximum": 100},
    default_with={"ids": 100},
)
CURSOR = declare_text("cursor", "`page.next` or `page.prev` of an answer to the same query.")
COUNT: Parameter[Count | None] = Parameter(
    "count",
    "Whether `page.count` is filled. Counting takes time.",
    {"type": "string", "enum": list(_COUNTS), "default": "none", "title": "CountMode"},
    _parse_count,
    None,
    default_text="none",
)


@dataclass(frozen=True, slots=True)
class Paging:
    """The paging parameters of a request; `position` is that of the cursor.

    `digest` is that of the reader's entitlement, unless the list is the same for all readers, or
    the reader sees what is public.
    """

    signer: Signer
    query: str
    digest: str | None
    limit: int
    count: Count | None
    position: list[Any] | None
    backwards: bool

    @classmethod
    def read(
        cls,
        signer: Signer,
        values: Values,
        query: str,
        width: int,
        entitlement: Entitlement = PUBLIC,
    ) -> "Paging":
        """Read `limit`, `cursor` and `count`; a cursor has to come from the same query.

        `width` is how many values a position has. Raise `RightsChanged` if the cursor was issued
        for another entitlement.
        """
        bound, token = fingerprint(query), values[CURSOR]
        digest = None if entitlement is PUBLIC else entitlement.digest
        position, backwards = None, False
        if token is not None:
            signed = signer.read(token)
            if not entitlement.grants:
                # A reader without grants has no further pages.
                raise RightsChanged(_OTHER_RIGHTS)
            if not isinstance(signed, list) or signed[0] != bound:
                raise BadCursor(_OTHER_QUERY)
            backwards, position, rest = bool(signed[1]), signed[2 : width + 2], signed[width + 2 :]
            if rest != ([] if digest is None else [digest]):
                raise RightsChanged(_OTHER_RIGHTS)
        return cls(
            signer=signer,
            query=bound,
            digest=digest,
            count=values[COUNT],
            limit=values[LIMIT],
            position=position,
            backwards=backwards,
        )

    def cursor(self, position: Sequence[Any] | None, *, backwards: bool) -> str | None:
        """Return the cursor for a position."""
        if position is None:
            return None
        rights = () if self.digest is None else (self.digest,)
        return self.signer.sign([self.query, backwards, *position, *rights])


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of a list: of this page, the first page, and the pages of cursors.

    `before` and `behind` are the parts of an address before and after a cursor.
    """

    itself: str
    first: str
    before: str
    behind: str

    @classmethod
    def of(cls, path: str, query_string: bytes, own: str) -> "Links":
        """Build the links of a path, with the public URL of this API if it is known."""
        base = f"{own}{quote(path)}"
        if not query_string:
            return cls(base, base, f"{base}?{_CURSOR}", "")
        query = quote(query_string, safe=_OF_QUERIES)
        before, behind = f"{base}?", ""
        # The query is canonical: its names are sorted, and so is `cursor` among them.
        for part in query.split("&"):
            if part and part < _CURSOR:
                before += f"{part}&"
            elif part and not part.startswith(_CURSOR):
                behind += f"&{part}"
        first = before[:-1] if not behind else f"{before}{behind[1:]}"
        return cls(f"{base}?{query}", first, f"{before}{_CURSOR}", behind)

    def page(self, cursor: str) -> str:
        """Return the address of the page of a cursor."""
        return f"{self.before}{cursor}{self.behind}"

    def by_relation(self, cursors: Mapping[str, str | None]) -> dict[str, str]:
        """Return `self` and the pages of cursors, by relation."""
        links = {"self": self.itself}
        for rel, cursor in cursors.items():
            if cursor is not None:
                links[rel] = f"{self.before}{cursor}{self.behind}"
        return links


def envelope(
    paging: Paging,
    items: Sequence[bytes],
    before: Sequence[Any] | None,
    after: Sequence[Any] | None,
    count: int | None,
    count_is: CountIs = "exact",
    **more: Any,
) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a list, and its cursors by name, for the Link header.

    `count_is` says what the count is, if there is one; `more` are members that stand beside the
    data and the page.
    """
    cursors = {
        "next": paging.cursor(after, backwards=False),
        "prev": paging.cursor(before, backwards=True),
    }
    counted = {"count": count} if count is None else {"count": count, "count_is": count_is}
    page = json.dumps({**cursors, "limit": paging.limit, **counted})
    rest = b"," + json.dumps(more)[1:] if more else b"}"
    return b"".join((b'{"data":[', b",".join(items), b'],"page":', page, rest)), cursors
