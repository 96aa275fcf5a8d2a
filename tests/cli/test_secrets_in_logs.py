"""Tokens of previews and keys appear in no log line and in no metric."""

import signal
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.access.commands.create_key import create_key
from app.api.monitoring.redaction import hide_secrets, path_for_log
from app.bootstrap import bootstrap, open_database
from app.content.command_inputs import PreviewInput
from app.content.commands.create_article import create_article
from app.content.commands.create_preview import create_preview
from app.content.inputs import ArticleInput
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from tests.cli.shell import free_port, start
from tests.faults.server import wait_until_ready

pytestmark = pytest.mark.slow
_TESTS = Actor(None, "tests")


def _secrets(database_url: str) -> tuple[str, str]:
    """Create a preview link and a key; return the token and the key."""
    settings = Settings(database_url=database_url)
    with closing(bootstrap(settings, database=open_database(settings))) as services:
        draft = ArticleInput(title="Draft", language="en")
        article = services.runner.run(_TESTS, lambda unit: create_article(unit, draft)[0])
        link = services.runner.run(
            _TESTS, lambda unit: create_preview(unit, article.id, PreviewInput())
        )
        key = services.runner.run(_TESTS, lambda unit: create_key(unit, "k", ["admin"]))
        return services.previews.sign(link.id), key.key


def _ask(port: int, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_no_output_of_a_server_contains_a_secret(
    form: str, database_url: str, tmp_path: Path
) -> None:
    token, key = _secrets(database_url)
    port = free_port()
    variables = {
        "DATELINE_DATABASE_URL": database_url,
        "DATELINE_SEARCH_PATH": str(tmp_path / "search"),
        "DATELINE_LOG_LEVEL": "debug",
        "DATELINE_LOG_FORMAT": form,
        "DATELINE_ACCESS_LOG": "all",
        "DATELINE_PORT": str(port),
    }
    server = start("serve", folder=tmp_path, **variables)
    try:
        wait_until_ready(port)
        while _ask(port, "GET", "/v1/manage/preview/none")[0] == 503:
            time.sleep(0.1)
        at, bearer = f"/v1/manage/preview/{token}", f"Bearer {key}"
        for method, path, headers, status in (
            ("GET", at, {}, 200),
            ("HEAD", at, {}, 200),
            ("GET", f"{at}?as_of=1", {}, 400),
            ("GET", at, {"x_request_id": token, "referer": f"http://a.example{at}"}, 200),
            ("GET", at, {"authorization": "Bearer dl_unknown"}, 401),
            ("GET", f"{at}A", {}, 404),
            ("GET", at[:-3], {}, 404),
            ("GET", f"{at}/more", {}, 404),
            ("GET", f"/{at}", {}, 404),
            ("GET", f"/api{at}", {}, 404),
            ("GET", at.replace("preview/", "preview%2F"), {}, 404),
            ("GET", at.replace("preview/", "preview/%22%20"), {}, 404),
            ("GET", at.upper().replace(token.upper(), token), {}, 404),
            ("GET", f"/v1/articles/{token}", {}, 404),
            ("GET", f"/v1/headlines?preview={token}&key={key}", {}, 400),
            ("GET", f"/v1/articles/{key}", {}, 404),
            ("GET", f"/v1/manage/keys/{key}", {"authorization": bearer}, 404),
            ("POST", at, {}, 405),
            ("OPTIONS", at, {}, 204),
            ("DELETE", at, {}, 401),
            ("DELETE", at, {"authorization": bearer}, 204),
            ("GET", at, {}, 404),
        ):
            assert _ask(port, method, path, **headers)[0] == status, (method, path)
        metrics = _ask(port, "GET", "/metrics")[1].decode()
        time.sleep(0.3)
    finally:
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=120)
    written = out + err + metrics
    assert "/v1/manage/preview/…" in written
    assert written.count("/preview") > 10
    for secret in (token[:-3], token.upper(), key[11:]):
        assert secret not in written


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_traceback_has_no_secret(database_url: str) -> None:
    token, key = _secrets(database_url)
    for text in (
        token,
        f"https://a.example/v1/manage/preview/{token}'",
        f"{{'{key}': 1}}",
        f"x{token}",
    ):
        hidden = hide_secrets(f"KeyError: {text} and more")
        assert token not in hidden
        assert key not in hidden
        assert hidden.endswith(" and more")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/articles/preview-of-the-elections-2027",
        "/v1/articles/a-long-slug-about-edsger-dijkstra-and-his-shortest-paths",
        "/v1/manage/articles/0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44/preview",
        "/v1/manage/keys/dl_abcdefgh",
    ],
)
def test_other_paths_are_logged_as_they_are(path: str) -> None:
    assert path_for_log(path) == path
