"""Where else to go from an answer: other pages of a list, the same in other formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

# What stands in a query as it is, or is an encoding already (RFC 3986, section 3.4).
_OF_QUERIES = "!$&'()*+,;=:@/?%-._~"


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of a list: its own, and the one to which a cursor is added."""

    itself: str
    base: str

    @classmethod
    def of(cls, path: str, query_string: bytes, own: str) -> "Links":
        """Return the links of a path, below this API's own address if it is known."""
        base = f"{own}{quote(path)}"
        query = quote(query_string, safe=_OF_QUERIES)
        # The edge has brought the query into its canonical form; names stand as they are.
        kept = "".join(f"{one}&" for one in query.split("&") if one and not _is_cursor(one))
        return cls(f"{base}?{query}" if query else base, f"{base}?{kept}cursor=")

    def by_relation(self, cursors: Mapping[str, str | None]) -> dict[str, str]:
        """Return the list itself, and the pages to which cursors lead."""
        led = {rel: f"{self.base}{one}" for rel, one in cursors.items() if one is not None}
        return {"self": self.itself, **led}


def link_header(links: Mapping[str, str]) -> str:
    """Return links by their relation as a header has them."""
    return ", ".join([f'<{url}>; rel="{rel}"' for rel, url in links.items()])


def alternates_header(alternates: Mapping[str, str]) -> str:
    """Return the addresses of the same in other formats, by media type, as a header has them."""
    told = [f'<{url}>; rel="alternate"; type="{one}"' for one, url in alternates.items()]
    return ", ".join(told)


def _is_cursor(parameter: str) -> bool:
    return parameter.partition("=")[0] == "cursor"
