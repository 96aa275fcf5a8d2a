"""`dateline keys rotate` and `leaked`, and `dateline secret rotate`."""

import pytest
from starlette.testclient import TestClient

from app.access.signing_secrets import load_signing_secrets
from app.api.app import create_app
from app.bootstrap import Services, bootstrap, open_database
from app.kit.clock import SystemClock
from tests.cli.shell import Shell
from tests.client import make_client
from tests.clock import HandClock
from tests.life.test_previews import create_link
from tests.newsroom import Newsroom


def _create(shell: Shell, scope: str, *words: str) -> str:
    ended = shell.run_ok("keys", "create", "--name", "K", "--scope", scope, "--quiet", *words)
    return ended.text.strip()


def _status(client: TestClient, key: str) -> int:
    return client.get("/v1/headlines", headers={"x-api-key": key}).status_code


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_is_rotated(shell: Shell, client: TestClient, clock: HandClock) -> None:
    old = _create(shell, "read")
    new = shell.run_ok("keys", "rotate", old[:11], "--quiet").text.strip()
    assert (_status(client, old), _status(client, new)) == (200, 200)
    newest = shell.run_ok("keys", "rotate", new[:11], "--overlap-minutes", "0").text.splitlines()[
        -1
    ]
    # Commands have the clock of the system.
    clock.moment = SystemClock().now()
    assert (_status(client, new), _status(client, newest)) == (401, 200)
    assert "was rotated" in shell.run_refused("keys", "rotate", old[:11])


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_of_a_person_expires_unless_it_never_does(shell: Shell) -> None:
    _create(shell, "write")
    assert " 202" in _find_row(shell, "write").replace("2026-11-22T12", "")
    _create(shell, "publish", "--expires-at", "never")
    assert _find_row(shell, "publish").count("–") == 5
    text = shell.run_ok("keys", "create", "--name", "K", "--scope", "admin").text
    assert "It expires at 20" in text


def _find_row(shell: Shell, scope: str) -> str:
    (line,) = (row for row in shell.run_ok("keys", "list").text.splitlines() if f" {scope} " in row)
    return line


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_is_bound_to_places(shell: Shell, client: TestClient) -> None:
    site = "https://www.example.com"
    key = _create(shell, "read", "--only-from", site)
    assert _status(client, key) == 403
    assert client.get("/v1/me", headers={"x-api-key": key, "origin": site}).status_code == 200
    assert site in shell.run_ok("keys", "list").text
    words = ("keys", "create", "--name", "K", "--scope", "read", "--only-from")
    assert "--only-from: Expected a network" in shell.run_refused(*words, "example.com")
    assert "--only-from: Text should have at least 1 character." in shell.run_refused(*words, "")
    assert "--only-from: Expected an origin" in shell.run_refused(*words, "ftp://example.com")


def test_a_leaked_key_is_revoked_and_what_it_did_and_read_is_listed(
    shell: Shell, client: TestClient, newsroom: Newsroom, services: Services
) -> None:
    key = _create(shell, "admin")
    thief = Newsroom(client, key)
    source = thief.source("Fake")
    created = thief.call("POST", "/keys", json={"name": "Spare", "scopes": ["admin"]}).json()
    spare = thief.call("POST", f"/keys/{created['id']}/rotate").json()
    newsroom.source("Real")
    for _ in range(2):
        assert _status(client, key) == 200
    services.key_uses.write()
    services.usage.write()
    text = shell.run_ok("keys", "leaked", key[:11]).text
    assert _status(client, key) == 401
    assert "It was last used at 2026-11-22T12:00:00Z from testclient." in text
    assert text.count(source["id"]) == 1
    listed = text.splitlines()
    rows = [line.split("│") for line in listed if "│ testclient" in line]
    (read,) = (line.split("│") for line in listed if "/v1/headlines" in line)
    assert [cell.strip() for cell in read[1:5]] == ["2026-11-22", "/v1/headlines", "2", "0"]
    assert int(read[5]) > 0
    done = [(row[3].strip(), row[4].strip()) for row in rows]
    assert done == [
        ("rotated", "key"),
        ("created", "key"),
        ("created", "key"),
        ("created", "source"),
    ]
    assert listed[-1].endswith(f"revoke or rotate them: key {spare['id']}, key {created['id']}.")
    assert "stay valid" in listed[-1]
    # Again, from a day on.
    later = shell.run_ok("keys", "leaked", key[:11], "--since", "2026-11-23").text
    assert "has nothing that was done with it since 2026-11-23T00:00:00Z" in later
    assert "No requests with it were counted since 2026-11-23." in later
    assert source["id"] in shell.run_ok("keys", "leaked", key[:11], "--since", "2026-11-22").text
    for day in ("yesterday", "2026-02-30", "2026-11-01T09:30", "20261101", "0"):
        refused = shell.run_refused("keys", "leaked", key[:11], "--since", day)
        assert f"--since: '{day}' is not a day or an instant. Examples: --since 2026-" in refused
    assert "'dl_nobody'" in shell.run_refused("keys", "leaked", "dl_nobody")
    # Who finds a key has all of it, and no output repeats it.
    for words in (("leaked", f" {key} "), ("revoke", f"Bearer {key}")):
        shown = shell.run_ok("keys", *words).text
        assert (key[:11] in shown, key in shown) == (True, False)
    refused = shell.run_refused("keys", "rotate", key)
    assert ("is not valid any more" in refused, key in refused) == (True, False)
    assert key not in shell.run_refused("keys", "leaked", "dl_" + key)


def test_a_rotated_secret_still_verifies_what_the_former_one_signed(
    shell: Shell, services: Services, newsroom: Newsroom, client: TestClient
) -> None:
    for number in range(3):
        newsroom.story(f"Story {number}")
    url = create_link(newsroom, newsroom.article("Draft"))
    page = client.get("/v1/headlines?limit=1").json()["page"]["next"]
    changes = client.get("/v1/changes?limit=1").json()["cursor"]
    paths = (url, f"/v1/headlines?limit=1&cursor={page}", f"/v1/changes?limit=1&cursor={changes}")
    for words, status in (((), 200), (("--forget",), 400)):
        shell.run_ok("secret", "rotate", *words)
        restarted = bootstrap(
            services.settings, clock=services.clock, database=open_database(services.settings)
        )
        with make_client(create_app(restarted), base_url="http://testserver") as other:
            statuses = [other.get(path).status_code for path in paths]
        restarted.close()
        assert statuses[1:] == [status, status]
        assert statuses[0] == (200 if status == 200 else 404)
    (entry, *_) = newsroom.call("GET", "/audit?type=secret").json()["data"]
    assert (entry["verb"], entry["after"]) == ("rotated", {"forget": True})


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_configured_secrets_are_rotated_by_settings(
    shell: Shell, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = "n" * 32, "o" * 32
    monkeypatch.setenv("DATELINE_SECRET_KEY", new)
    assert "DATELINE_SECRET_KEY_OLD" in shell.run_refused("secret", "rotate")
    secrets = load_signing_secrets(services.database, new, (old,))
    assert secrets == (new, (old,))
    # A secret of before, when there was none in the settings, may be given as well.
    (own, former) = load_signing_secrets(services.database, None, (old,))
    assert own not in {new, old}
    assert former == (old,)
