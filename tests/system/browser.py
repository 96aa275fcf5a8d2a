"""A real browser without a window, and a local site whose page posts the events it receives."""

import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.system.programs import require_program

_TIMEOUT = 60
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


class Site:
    """A page on a separate origin; `next_post` returns what its scripts post."""

    def __init__(self, page: str) -> None:
        self.posts: queue.Queue[str] = queue.Queue()
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(page.encode())

            def do_POST(self) -> None:
                posts.put(self.rfile.read(int(self.headers["content-length"])).decode())
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def next_post(self) -> str:
        """Return what the page posts next."""
        return self.posts.get(timeout=_TIMEOUT)


@contextmanager
def browsing(page: str, folder: Path) -> Iterator[Site]:
    """Open a page in Chromium, and close it at the end."""
    program = require_program("chromium", "chromium")
    site = Site(page)
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    command = [program, *_QUIET, f"--user-data-dir={folder / 'profile'}", site.address]
    # The browser needs no proxy for a loopback address.
    browser = subprocess.Popen(
        [*command[:-1], "--no-proxy-server", command[-1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield site
    finally:
        browser.terminate()
        browser.wait(_TIMEOUT)
        site.server.shutdown()
        site.server.server_close()
        thread.join()
