"""A registry over HTTP on this machine, which may want a login as the real ones do."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "robot", "secret", "token-of-the-tests"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Registry:
    """Digests by name and tag; `login` is how one logs in: not at all, Basic or Bearer."""

    def __init__(self, digests: dict[str, str], login: str) -> None:
        self.digests, self.login, self.asked = digests, login, ""
        self.host = ""
        """With its port."""

    def manifest(self, path: str, authorization: str | None) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to a look at a manifest."""
        wanted = {"": None, "Basic": LOGIN, "Bearer": f"Bearer {TOKEN}"}[self.login]
        if wanted != authorization and self.login:
            realm = f'{self.login} realm="http://{self.host}/token",service="registry.test"'
            return 401, {"WWW-Authenticate": realm}
        name, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        digest = self.digests.get(f"{name}:{tag}")
        return (200, {"Docker-Content-Digest": digest}) if digest else (404, {})


@contextmanager
def served(digests: dict[str, str], login: str = "") -> Iterator[Registry]:
    """A registry that is served meanwhile."""
    registry = Registry(digests, login)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            status, headers = registry.manifest(self.path, self.headers.get("Authorization"))
            assert "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
            self._answer(status, headers)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            assert url.path == "/token"
            registry.asked = parse_qs(url.query)["scope"][0]
            if self.headers.get("Authorization") != LOGIN:
                self._answer(401, {})
                return
            self._answer(200, {}, json.dumps({"token": TOKEN}).encode())

        def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
