"""Sign-in with a provider that others have written (`oidc-provider` of npm), over real HTTP."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import fresh_database
from tests.faults.server import free_port, server_row
from tests.system.programs import require_program

# The provider is installed first.
pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
PROGRAM = Path(__file__).with_name("provider")
_FORM = re.compile(r'<form[^>]* action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')
_SESSION = "__Host-dateline-session"


@dataclass(slots=True)
class Browser:
    """A browser that takes `Secure` cookies of this machine over plain HTTP, as browsers do."""

    own: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send a request to Dateline with its cookies."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = httpx2.request(method, f"{self.own}{path}", json=body, headers=sent)
        for text in answer.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(text).items():
                self.cookies[name] = cookie.value
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return answer

    def sign_in(self, login: str) -> httpx2.Response:
        """Sign in at the provider with its forms, and come back."""
        location = self.ask("GET", "/auth/login?return_to=/docs").headers["location"]
        with httpx2.Client() as visitor:
            page = visitor.get(location)
            while not page.headers.get("location", "").startswith(self.own):
                if page.is_redirect:
                    page = visitor.get(page.url.join(page.headers["location"]))
                    continue
                assert page.status_code == 200, page.text
                action, prompt = _FORM.search(page.text), _PROMPT.search(page.text)
                assert action is not None, page.text
                assert prompt is not None, page.text
                form = {"prompt": prompt[1], "login": login, "password": "any"}
                page = visitor.post(page.url.join(action[1]), data=form)
        return self.ask("GET", page.headers["location"].removeprefix(self.own))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Dateline where people sign in with the provider."""
    npm, folder, port = (
        require_program("npm", "npm"),
        tmp_path_factory.mktemp("provider"),
        free_port(),
    )
    for file in PROGRAM.iterdir():
        shutil.copy(file, folder)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, capture_output=True, timeout=300, check=True)
    with fresh_database("sqlite", folder) as url:
        dateline = free_port()
        address = f"http://127.0.0.1:{dateline}"
        node = require_program("node", "nodejs")
        command = [node, "server.mjs", str(port), f"{address}/auth/callback"]
        settings = {
            "port": dateline,
            "public_url": address,
            "oidc_issuer": f"http://127.0.0.1:{port}",
            "oidc_client_id": "dateline",
            "oidc_client_secret": "a secret of the desk",
            "oidc_scopes": "openid profile groups",
            "oidc_roles": json.dumps({"groups": {"editors": "publish", "admins": "admin"}}),
        }
        with _running(command, folder), server_row(url, **settings) as server:
            server.start()
            yield address


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    """Run a provider, which says when it is ready."""
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=none) as provider:
        try:
            assert provider.stdout is not None
            while b"ready" not in provider.stdout.readline():
                assert provider.poll() is None, "the provider does not start"
            yield
        finally:
            provider.terminate()


def test_people_sign_in_with_another_implementation(own: str) -> None:
    editor, admin, reader = Browser(own), Browser(own), Browser(own)
    done = editor.sign_in("Amina:editors")
    assert (done.status_code, done.headers["location"]) == (303, f"{own}/docs"), done.text
    session = editor.ask("GET", "/auth/session").json()
    assert (session["name"], session["scopes"]) == ("Amina", ["publish"])
    story = {"title": "Bees", "language": "en", "status": "published"}
    token = {"origin": own, "x_csrf_token": session["csrf_token"]}
    assert editor.ask("POST", "/v1/manage/articles", story).status_code == 403
    assert editor.ask("POST", "/v1/manage/articles", story, **token).status_code == 201
    refused = reader.sign_in("Ada:readers")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    assert admin.sign_in("Noor:admins").status_code == 303
    people = admin.ask("GET", "/v1/manage/people").json()["data"]
    assert [person["subject"] for person in people] == ["Amina:editors", "Noor:admins"]
    headers = {
        "origin": own,
        "x_csrf_token": admin.ask("GET", "/auth/session").json()["csrf_token"],
    }
    ended = admin.ask("DELETE", f"/v1/manage/people/{people[0]['id']}", **headers)
    assert ended.status_code == 204
    assert editor.ask("GET", "/auth/session").status_code == 401
    assert admin.ask("POST", "/auth/logout", **headers).status_code == 204
    assert _SESSION not in admin.cookies
