"""Where else to go from an answer: other pages of a list, the same in other formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

# What stands in a query as it is, or is an encoding already (RFC 3986, section 3.4).
_OF_QUERIES = "!$&'()*+,;=:@/?%-._~"
_CURSOR = "cursor="


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
        # The edge has brought the query into its canonical form: names stand as they are, and in
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


def link_header(links: Mapping[str, str]) -> str:
    """Return links by their relation as a header has them."""
    return ", ".join([f'<{url}>; rel="{rel}"' for rel, url in links.items()])


def alternates_header(alternates: Mapping[str, str]) -> str:
    """Return the addresses of the same in other formats, by media type, as a header has them."""
    told = [f'<{url}>; rel="alternate"; type="{one}"' for one, url in alternates.items()]
    return ", ".join(told)
