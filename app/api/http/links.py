"""Where else to go from an answer: other pages of a list, the same in other formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote

# What stands in a query as it is, or is an encoding already (RFC 3986, section 3.4).
_OF_QUERIES = "!$&'()*+,;=:@/?%-._~"
_CURSOR = "cursor="
# Bytes of a head. The reserve is for the status line and the headers that are the same for all
# answers of a kind: dates, lifetimes, tags, CORS.
_RESERVED = 800
_MOST_WITH_ALTERNATES = 2_000
_MOST_BYTES = 4_000
_LEAST_NEEDED_FIRST = ("self", "prev", "next")
_COMMA = ", "

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of a list: of this page, of the first one, and of those of cursors.

    `before` and `behind` are what stands on both sides of a cursor.
    """

    itself: str
    first: str
    before: str
    behind: str

    @classmethod
    def of(cls, path: str, query_string: bytes, own: str) -> "Links":
        """Return the links of a path, below this API's own address if it is known."""
        base = f"{own}{quote(path)}"
        if not query_string:
            return cls(base, base, f"{base}?{_CURSOR}", "")
        query = quote(query_string, safe=_OF_QUERIES)
        before, behind = f"{base}?", ""
        # The query is in its canonical form: names stand as they are, and in
        # order. A cursor takes its place among them.
        for part in query.split("&"):
            if part and part < _CURSOR:
                before += f"{part}&"
            elif part and not part.startswith(_CURSOR):
                behind += f"&{part}"
        first = before[:-1] if not behind else f"{before}{behind[1:]}"
        return cls(f"{base}?{query}", first, f"{before}{_CURSOR}", behind)

    def page(self, cursor: str) -> str:
        """Return the address of the page to which a cursor leads."""
        return f"{self.before}{cursor}{self.behind}"

    def by_relation(self, cursors: Mapping[str, str | None]) -> dict[str, str]:
        """Return the list itself, and the pages to which cursors lead."""
        links = {"self": self.itself}
        for rel, cursor in cursors.items():
            if cursor is not None:
                links[rel] = f"{self.before}{cursor}{self.behind}"
        return links


def link_header(links: Mapping[str, str], alternates: Mapping[str, str], others: Headers) -> str:
    """Return the value of `Link`: links by their relation, and the same in other formats by type.

    Proxies take a head of 4 kB or less, and every link may repeat a long query. So alternates are
    named only while the whole head has at most 2 kB, and of the links first `self`, then `prev`,
    then `next` is left out until it has less than 4 kB: bodies of lists have the cursors. `others`
    are the other headers that depend on the answer.
    """
    taken = _RESERVED + _size(others)
    kept = {rel: f'<{url}>; rel="{rel}"' for rel, url in links.items()}
    for rel in _LEAST_NEEDED_FIRST:
        if taken + sum(map(len, kept.values())) + len(_COMMA) * len(kept) <= _MOST_BYTES:
            break
        kept.pop(rel, None)
    pages = whole = _COMMA.join(kept.values())
    for media_type, url in alternates.items():
        whole += f'{_COMMA if whole else ""}<{url}>; rel="alternate"; type="{media_type}"'
    return whole if taken + len(whole) <= _MOST_WITH_ALTERNATES else pages


def fits_in_head(address: str | bytes, others: Headers) -> bool:
    """Tell whether a head with these other headers has less than 4 kB with one more address."""
    return _RESERVED + _size(others) + len(address) <= _MOST_BYTES


def _size(headers: Headers) -> int:
    return sum(map(len, chain(*headers))) + len(": \r\n") * len(headers)
