"""`dateline keys`: create, list and revoke."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.cli.shell import Shell


def test_a_key_is_created_and_works(shell: Shell, client: TestClient) -> None:
    output = shell.run_ok("keys", "create", "--name", "desk", "--scope", "write")
    key = output.text.splitlines()[-1]
    assert key.startswith("dl_")
    assert "once" in output.text
    answer = client.get("/v1/manage/articles", headers={"x-api-key": key})
    assert answer.status_code == 200


def test_quiet_prints_the_key_alone(shell: Shell) -> None:
    output = shell.run_ok("keys", "create", "--name", "desk", "--scope", "admin", "--quiet")
    assert output.text.count("\n") == 1
    assert len(output.text.strip()) == 46
    assert output.err == ""


def test_the_list_shows_prefixes_and_no_keys(shell: Shell) -> None:
    keys = []
    for scopes in (["read"], ["write", "publish"]):
        words = [word for scope in scopes for word in ("--scope", scope)]
        name = f"المحرر {scopes[0]} [/a] [red]b :bee:"
        output = shell.run_ok("keys", "create", "--name", name, *words, "--quiet")
        keys.append(output.text.strip())
    listed = shell.run_ok("keys", "list").text
    for key in keys:
        assert key[:11] in listed
        assert key not in listed
        assert key[11:] not in listed
    assert "publish write" in listed
    assert listed.count("المحرر") == listed.count("[/a] [red]b :bee:") == 2


def test_a_revoked_key_is_refused_at_once(
    shell: Shell, client: TestClient, services: Services
) -> None:
    key = shell.run_ok("keys", "create", "--name", "x", "--scope", "read", "--quiet").text.strip()
    assert client.get("/v1/headlines", headers={"x-api-key": key}).status_code == 200
    assert shell.run_ok("keys", "revoke", key[:11]).text == f"Revoked {key[:11]}.\n"
    assert client.get("/v1/headlines", headers={"x-api-key": key}).status_code == 401
    shell.run_ok("keys", "revoke", key[:11])


def test_an_expiry_is_kept(shell: Shell) -> None:
    expiry = "2100-01-01T00:00:00Z"
    shell.run_ok("keys", "create", "--name", "x", "--scope", "read", "--expires-at", expiry)
    assert expiry in shell.run_ok("keys", "list").text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "x", "--scope", "editor"], "read, write, publish, admin"),
        (["--name", "", "--scope", "read"], "--name"),
        (["--name", "x" * 201, "--scope", "read"], "--name"),
        (["--name", "a\udcffb", "--scope", "read"], "--name"),
        (["--name", "x", "--scope", "read", "--expires-at", "tomorrow"], "--expires-at"),
        (["--name", "x", "--scope", "read", "--expires-at", "2020-01-01T00:00:00Z"], "expired"),
    ],
)
def test_an_invalid_key_input_is_refused(shell: Shell, words: list[str], message: str) -> None:
    said = shell.run_refused("keys", "create", *words)
    assert message in said
    assert said.count("\n") == 1


def test_revoking_an_unknown_key_is_refused(shell: Shell) -> None:
    assert "'dl_nobody'" in shell.run_refused("keys", "revoke", "dl_nobody")


def test_a_forgotten_option_is_named_with_exit_code_two(shell: Shell) -> None:
    ended = shell.run("keys", "create", "--name", "x")
    assert ended.code == 2
    assert "--scope" in ended.err
