"""Where else to go from an answer: other pages of a list, the same in other formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
# What stands around the address and the name of a relation, with a comma.
_AROUND = len('<>; rel="", ')

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
        query = quote(query_string, safe=_OF_QUERIES)
        # The query is in its canonical form: names stand as they are, and in
        # order. A cursor takes its place among them.
        kept = [one for one in query.split("&") if one and not one.startswith(_CURSOR)]
        before = "".join(f"{one}&" for one in kept if one < _CURSOR)
        behind = "".join(f"&{one}" for one in kept if one > _CURSOR)
        return cls(
            itself=f"{base}?{query}" if query else base,
            first=f"{base}?{'&'.join(kept)}" if kept else base,
            before=f"{base}?{before}{_CURSOR}",
            behind=behind,
        )

    def page(self, cursor: str) -> str:
        """Return the address of the page to which a cursor leads."""
        return f"{self.before}{cursor}{self.behind}"

    def by_relation(self, cursors: Mapping[str, str | None]) -> dict[str, str]:
        """Return the list itself, and the pages to which cursors lead."""
        led = {rel: self.page(one) for rel, one in cursors.items() if one is not None}
        return {"self": self.itself, **led}


def link_header(links: Mapping[str, str], alternates: Mapping[str, str], others: Headers) -> str:
    """Return the value of `Link`: links by their relation, and the same in other formats by type.

    Proxies take a head of 4 kB or less, and every link may repeat a long query. So alternates are
    named only while the whole head has at most 2 kB, and of the links first `self`, then `prev`,
    then `next` is left out until it has less than 4 kB: bodies of lists have the cursors. `others`
    are the other headers that depend on the answer.
    """
    taken = _RESERVED + _size(others)
    kept = [f'<{url}>; rel="{rel}"' for rel, url in _fitting(links, _MOST_BYTES - taken).items()]
    told = [f'<{url}>; rel="alternate"; type="{one}"' for one, url in alternates.items()]
    whole = ", ".join((*kept, *told))
    return whole if taken + len(whole) <= _MOST_WITH_ALTERNATES else ", ".join(kept)


def fits_in_head(address: str | bytes, others: Headers) -> bool:
    """Tell whether a head with these other headers has less than 4 kB with one more address."""
    return _RESERVED + _size(others) + len(address) <= _MOST_BYTES


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers)


def _fitting(links: Mapping[str, str], most: int) -> dict[str, str]:
    """Return the links that have at most so many bytes together, without the least needed ones."""
    kept = dict(links)
    for rel in _LEAST_NEEDED_FIRST:
        if sum(len(url) + len(name) + _AROUND for name, url in kept.items()) <= most:
            break
        kept.pop(rel, None)
    return kept
