"""An app with an offline copy: it applies changes, and has no other source."""

from collections.abc import Mapping
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient


class OfflineApp:
    """A copy of the selected objects, kept by following `/v1/changes`."""

    def __init__(
        self, client: TestClient, filters: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self._client = client
        self.headers = dict(headers or {})
        self._next = f"/v1/changes?{filters}"
        self.filters = filters
        self.changes: list[dict[str, Any]] = []
        self.copies: dict[str, dict[str, Any]] = {"article": {}, "source": {}, "category": {}}
        # The changes since it started again; empty once the rest was deleted.
        self._given: dict[str, set[str]] | None = None
        self.refusals: list[str] = []

    @property
    def cursor(self) -> str:
        """The last cursor."""
        return self._next.partition("cursor=")[2]

    def move_to(self, client: TestClient) -> None:
        """Use another server from now on."""
        self._client = client

    def try_catch_up(self) -> bool:
        """Catch up, or start again if it was away for too long; return whether it was not."""
        before = len(self.refusals)
        self.catch_up()
        return len(self.refusals) == before

    def step(self, limit: int = 100) -> bool:
        """Send one request and apply the response; return whether there is more.

        After a `410` it starts again without a cursor, keeps what it has meanwhile, and deletes
        what is not in the new snapshot when it has caught up.
        """
        response = self._client.get(f"{self._next}&limit={limit}", headers=self.headers)
        if response.status_code == 410:
            self.refusals.append(response.json()["code"])
            self._next = f"/v1/changes?{self.filters}"
            self._given = {type_: set() for type_ in self.copies}
            return True
        answer = _body(response)
        for entry in answer["data"]:
            self._apply(entry)
        self._next = f"/v1/changes?cursor={answer['cursor']}"
        more: bool = answer["more"]
        if not more:
            self._delete_the_rest()
        return more

    def _delete_the_rest(self) -> None:
        if self._given is not None:
            for type_, received in self._given.items():
                copy = self.copies[type_]
                self.copies[type_] = {id_: copy[id_] for id_ in copy if id_ in received}
            self._given = None

    def catch_up(self, limit: int = 100) -> list[dict[str, Any]]:
        """Request changes until there are no more, and return them."""
        before = len(self.changes)
        while self.step(limit):
            pass
        return self.changes[before:]

    def _apply(self, entry: dict[str, Any]) -> None:
        self.changes.append(entry)
        copy = self.copies[entry["type"]]
        if entry["op"] == "upsert":
            copy[entry["id"]] = entry["document"]
            if self._given is not None:
                self._given[entry["type"]].add(entry["id"])
        else:
            copy.pop(entry["id"], None)

    def list_stories(self) -> dict[str, dict[str, Any]]:
        """Return its stories, with the current sources and categories that it knows.

        A changed source or category is a separate change, not a change of its stories.
        """
        stories = {id_: self._join_taxonomy(story) for id_, story in self.copies["article"].items()}
        return {**self.copies, "article": stories}

    def _join_taxonomy(self, story: dict[str, Any]) -> dict[str, Any]:
        source = story["source"] and self._brief("source", story["source"])
        categories = [self._brief("category", category) for category in story["categories"]]
        return {**story, "source": source, "categories": categories}

    def _brief(self, type_: str, named: dict[str, Any]) -> dict[str, Any]:
        known = self.copies[type_][named["id"]]
        return {name: known[name] for name in named}

    def log_ends(self) -> set[str]:
        """Return the stories of received removals."""
        entries = (change for change in self.changes if change["type"] == "article")
        return {change["id"] for change in entries if change["op"] == "remove"}

    def list_allowed(self) -> set[str]:
        """Return the stories that it could have now."""
        page = self._read(f"/v1/headlines?limit=100&{self.filters}")
        return {story["id"] for story in page["data"]}

    def load_expected(self) -> dict[str, dict[str, Any]]:
        """Return what the server shows of it now, read by ordinary requests."""
        return {
            "article": self._all(f"/v1/articles?include=body&{self.filters}"),
            "source": self._all("/v1/sources?"),
            "category": self._all("/v1/categories?"),
        }

    def _all(self, path: str) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        cursor = ""
        while True:
            page = self._read(f"{path}&limit=100{cursor}")
            objects |= {story["id"]: story for story in page["data"]}
            if page["page"]["next"] is None:
                return objects
            cursor = f"&cursor={page['page']['next']}"

    def _read(self, path: str) -> dict[str, Any]:
        return _body(self._client.get(path, headers=self.headers))


def _body(response: Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    value: dict[str, Any] = response.json()
    return value
