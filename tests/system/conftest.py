"""A Dateline with an editor, and shared caches in front of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import bootstrap
from app.settings import Settings
from tests.conftest import key_for
from tests.databases import fresh_database
from tests.faults.server import Client, server_row
from tests.system.programs import SharedCache, nginx, varnish

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Site:
    """A running Dateline: its port, its keys, and the verbs of an editor."""

    port: int
    editor_key: str
    reader_key: str

    def story(self, **fields: Any) -> dict[str, Any]:
        """Publish a story with a unique slug and tag."""
        return self._send("POST", "/v1/manage/articles", self.document(**fields))

    def draft(self, **fields: Any) -> dict[str, Any]:
        """Create a draft."""
        return self.story(status="draft", **fields)

    def document(self, **fields: Any) -> dict[str, Any]:
        """Return a story, long enough to be compressed."""
        name = f"story-{next(_numbers)}"
        body = "<p>" + "All eleven hives came through the winter. " * 20 + "</p>"
        known = {"title": name, "slug": name, "tags": [name], "language": "en", "body": body}
        return {**known, "status": "published", **fields}

    def verb(self, story: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
        """Apply a verb to a story."""
        path = f"/v1/manage/articles/{story['id']}/{verb}"
        return self._send("POST", path, body, if_match=f'"v{story["version"]}"')

    def change(self, story: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Change a story and publish it."""
        path, body = f"/v1/manage/articles/{story['id']}", {**fields, "status": "published"}
        return self._send("PATCH", path, body, if_match="*")

    def _send(self, method: str, path: str, body: Any, **headers: str) -> dict[str, Any]:
        with closing(Client(self.port, self.editor_key)) as editor:
            status, _, answer = editor.call(method, path, body, **headers)
        assert status in {200, 201}, answer
        document: dict[str, Any] = answer
        return document


def paths(story: dict[str, Any]) -> tuple[str, str]:
    """Return the address of a story, and of a list with no other stories."""
    return f"/v1/articles/{story['slug']}", f"/v1/headlines?tag={story['slug']}"


@contextmanager
def running_site(folder: Path, **settings: object) -> Iterator[Site]:
    """Run a Dateline on a separate database."""
    with fresh_database("sqlite", folder) as url:
        services = bootstrap(Settings(database_url=url))
        admin, reader = key_for(services, "admin"), key_for(services, "read")
        services.close()
        with server_row(url, **settings) as server:
            server.start()
            yield Site(server.port, admin, reader)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One Dateline for the tests of a file; each reads its own stories."""
    with running_site(tmp_path_factory.mktemp("dateline")) as new_site:
        yield new_site


@pytest.fixture(scope="module", params=["varnish", "nginx"])
def cache(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedCache]:
    """A shared cache in front of it; a test runs with each."""
    start = {"varnish": varnish, "nginx": nginx}[request.param]
    with start(tmp_path_factory.mktemp(request.param), site.port) as shared_cache:
        yield shared_cache


@pytest.fixture(scope="module")
def caches(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SharedCache, ...]]:
    """All shared caches in front of one Dateline, for tests that have to wait."""
    with (
        varnish(tmp_path_factory.mktemp("varnish"), site.port) as item,
        nginx(tmp_path_factory.mktemp("nginx"), site.port) as other,
    ):
        yield item, other
