"""General parts of the OpenAPI document: description, version, tags."""

from typing import Any

# The date of the last change of the contract; docs/api-changes/ has a fragment of this date.
LEVEL = "2026-12-01"
_DESCRIPTION = """A headless content API for news.

**Delivery** (`/v1/…`, `/feeds/…`) is for readers. It needs no key unless the deployment says so.
**The newsroom** (`/v1/manage/…`) writes and administers, and needs a key, or the session of a
person (`/auth/…`).

Every error is a problem document (RFC 9457) with a `code` of a closed list.

`version` is the level of the API: the date of the last change of this contract. Members may be
added to answers at any time, so accept members that you do not know.

Generated clients: no member of a story, source or category is required, because `fields=` may
leave each of them out. Without `fields=`, all members are present except those whose description
says that they may be absent. If you do not use `fields=`, generate your client from
`/openapi.json?fields=false`: it has no such parameter, and requires what is always present.
"""
_TAGS = {
    "Stories": "Published stories, in lists and one by one.",
    "Search": "Full-text search, completions, and similar stories.",
    "Sync": "For apps that keep a copy: a snapshot of everything, then every change.",
    "Sources and categories": "The sources of stories, and the tree of categories.",
    "Feeds": "RSS, Atom, JSON Feed, ninjs, NewsML-G2 and CSV; sitemaps; the WebSub hub.",
    "Access": "What the caller may do, and what it has used.",
    "Partners: webhooks": "Push what an agreement grants to the servers of the partner.",
    "Sign-in": "Sign in with an OpenID provider; the session of a browser.",
    "Newsroom: articles": "Write articles, and take them through the life of a story.",
    "Newsroom: previews": "Links to stories that are not public yet.",
    "Newsroom: sources": "Create, change and delete sources.",
    "Newsroom: categories": "Create, change and delete categories.",
    "Newsroom: transfer": "Import and export as NDJSON.",
    "Newsroom: keys": "Create, list and revoke keys.",
    "Newsroom: people": "Who has signed in, and their sessions.",
    "Newsroom: products": "What may be agreed: a selection of stories, and how they are sent.",
    "Newsroom: partners": "Agreements: who has which products, and until when.",
    "Newsroom: webhooks": "Push changes to your servers, and see what was delivered.",
    "Newsroom: usage": "Requests, stories and bytes, for invoices.",
    "Newsroom: audit": "Who did what, and when.",
    "Operations": "Health, metrics, and descriptions of this API.",
}


def head(public_url: str | None) -> dict[str, Any]:
    """Return the members `info`, `servers` and `tags`; `public_url` is the address of the API."""
    return {
        "info": {
            "title": "Dateline",
            "version": LEVEL,
            "summary": "A headless content API for news",
            "description": _DESCRIPTION,
            "contact": {"name": "The Dateline contributors"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url or "/", "description": "The server of this document."}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
    }
