"""The `EventSource` of a browser follows the stream from another origin, and misses nothing."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import bootstrap
from app.settings import Settings
from tests.conftest import key_for
from tests.databases import fresh_database
from tests.faults.server import Client, server_row
from tests.system.browser import Site, browsing

pytestmark = pytest.mark.system
_PAGE = """<!doctype html><title>A site that listens</title><script>
// One after the other: those that are sent at once arrive in any order.
let told = Promise.resolve();
const tell = what => {
  told = told.then(() => fetch('/', {method: 'POST', body: JSON.stringify(what)}));
};
const stream = new EventSource('http://127.0.0.1:PORT/v1/stream?tag=a');
stream.onopen = () => tell({name: 'open'});
stream.onerror = () => tell({name: 'error', closed: stream.readyState === EventSource.CLOSED});
for (const name of ['upsert', 'remove']) stream.addEventListener(name, event => {
  const {id, reason, document: story} = JSON.parse(event.data);
  tell({name, id, reason, title: story && story.title});
});
</script>"""


class Editor:
    """An editor of a server."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        with closing(Client(self._port, self._key)) as client:
            headers = {} if path == "articles" else {"if_match": "*"}
            status, _, response = client.call(method, f"/v1/manage/{path}", body, **headers)
        assert status in {200, 201}, response
        document: dict[str, Any] = response
        return document

    def story(self, title: str, tag: str = "a") -> dict[str, Any]:
        fields = {"title": title, "language": "en", "tags": [tag], "status": "published"}
        return self.call("POST", "articles", **fields)


def _next(site: Site, *names: str) -> dict[str, Any]:
    """Return the next of these events that the page posts."""
    while True:
        post: dict[str, Any] = json.loads(site.next_post())
        if post["name"] in names:
            return post


def test_an_event_source_reconnects_without_a_gap(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        services = bootstrap(Settings(database_url=url))
        key = key_for(services, "admin")
        services.close()
        with server_row(url) as server:
            server.start()
            editor = Editor(server.port, key)
            with browsing(_PAGE.replace("PORT", str(server.port)), tmp_path) as site:
                _next(site, "open")
                # The server stops before the browser has received an event.
                server.kill()
                server.start()
                unheard = editor.story("Unheard")
                assert _next(site, "upsert", "remove")["id"] == unheard["id"]
                editor.story("Not for it", tag="b")
                first = editor.story("“Hives” – خلايا 🐝")
                event = _next(site, "upsert", "remove")
                assert (event["id"], event["title"]) == (first["id"], "“Hives” – خلايا 🐝")
                # The server stops, and many changes happen before the browser has noticed.
                server.kill()
                server.start()
                missed = [editor.story(f"Missed {number}")["id"] for number in range(3)]
                editor.call("POST", f"articles/{first['id']}/unpublish")
                events = [_next(site, "upsert", "remove") for _ in range(4)]
                assert [item["id"] for item in events] == [*missed, first["id"]]
                assert (events[-1]["name"], events[-1]["reason"]) == ("remove", "unpublished")
                # When the server shuts down, the stream ends immediately, and starts again.
                server.stop()
                assert _next(site, "error")["closed"] is False
                server.start()
                last = editor.story("Last")
                assert _next(site, "upsert", "remove")["id"] == last["id"]
