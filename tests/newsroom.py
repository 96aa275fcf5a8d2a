"""The newsroom API for tests: HTTP calls with a key, and short methods for common steps."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

MERGE_PATCH = "application/merge-patch+json"


class Newsroom:
    """A client with a key. Each verb requires success and returns the object."""

    def __init__(self, client: TestClient, key: str) -> None:
        self.client = client
        self.headers = {"authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, **more: Any) -> Response:
        """Send a request to the management API and return the response."""
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.request(method, f"/v1/manage{path}", headers=headers, **more)

    def source(self, name: str, **fields: Any) -> dict[str, Any]:
        """Create a source."""
        return self._read_success(self.call("POST", "/sources", json={"name": name, **fields}))

    def category(self, name: str, **fields: Any) -> dict[str, Any]:
        """Create a category."""
        return self._read_success(self.call("POST", "/categories", json={"name": name, **fields}))

    def article(self, title: str = "A title", **fields: Any) -> dict[str, Any]:
        """Create an article: a draft, unless a `status` says otherwise."""
        document = {"title": title, "language": "en", **fields}
        return self._read_success(self.call("POST", "/articles", json=document))

    def story(self, title: str = "A title", **fields: Any) -> dict[str, Any]:
        """Create a published article."""
        return self.article(title, **{"status": "published", **fields})

    def patch(self, thing: dict[str, Any], kind: str = "articles", **fields: Any) -> dict[str, Any]:
        """Change an object by a merge patch under its version."""
        return self._read_success(self.patching(thing, kind, **fields))

    def patching(self, thing: dict[str, Any], kind: str, **fields: Any) -> Response:
        """Send a merge patch under the version of an object and return the response."""
        tag, path = f'"v{thing["version"]}"', f"/{kind}/{thing['id']}"
        headers = {"if-match": tag, "content-type": MERGE_PATCH}
        return self.call("PATCH", path, json=fields, headers=headers)

    def verb(self, article: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
        """Apply a verb to an article under its version."""
        response = self.call(
            "POST",
            f"/articles/{article['id']}/{verb}",
            json=body,
            headers={"if-match": f'"v{article["version"]}"'},
        )
        return self._read_success(response)

    def delete(self, thing: dict[str, Any], kind: str = "articles") -> Response:
        """Delete an object under its version and return the response."""
        tag = f'"v{thing["version"]}"'
        return self.call("DELETE", f"/{kind}/{thing['id']}", headers={"if-match": tag})

    @staticmethod
    def _read_success(response: Response) -> dict[str, Any]:
        assert response.is_success, response.text
        value: dict[str, Any] = response.json()
        return value
