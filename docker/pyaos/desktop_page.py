"""Jupyter server extension: serves the page that shows the desktop of the pod, at `desktop/`.

The desktop itself is jupyter-server-proxy's entry `desktop-websockify`, which the profile configures; its
launcher entry's title is the page's. Without that entry there is no desktop, and the page says so.
"""

from __future__ import annotations

import asyncio
import html
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import desktop_activity
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from jupyter_server_proxy.rawsocket import RawSocketHandler, RawSocketProtocol
from tornado.httputil import url_concat
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError, RequestHandler, StaticFileHandler, authenticated

PAGE = Path("/opt/gateway/desktop-page")
"""The built page: index.html and assets/."""
SERVER = "desktop-websockify"
GATHER_S = 0.003
"""Pieces that follow each other faster than this are sent as one."""
PNG, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
PICTURE_MIB = 64
PICTURE_S = 20
# The page loads nothing from elsewhere; noVNC draws the pointer as a data: image.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)


class DesktopPageHandler(JupyterHandler):
    """The page, with the desktop's title and the way to JupyterLab and to the hub."""

    @authenticated
    def get(self) -> None:
        """Answers 404 where this profile has no desktop."""
        desktop = _desktop(self)
        values = {
            "title": desktop.get("launcher_entry", {}).get("title", "Desktop"),
            "lab": url_path_join(self.base_url, "lab"),
            "start": self._start(),
            "running": f"{(datetime.now(UTC) - self.settings['started']).total_seconds():.0f}",
            "idle": os.environ.get("GATEWAY_IDLE_S", ""),
            "age": os.environ.get("GATEWAY_AGE_S", ""),
            "warn": os.environ.get("GATEWAY_WARN_S", ""),
        }
        page = (PAGE / "index.html").read_text(encoding="utf-8")
        for name, value in values.items():
            page = page.replace("{{" + name + "}}", html.escape(value))
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-cache")
        self.finish(page)

    def _start(self) -> str:
        """Where the hub starts this server again, with the same profile, and leads back to the page."""
        options = {"next": url_path_join(self.base_url, "desktop/")}
        if profile := os.environ.get("GATEWAY_PROFILE"):
            options["profile"] = profile
        return url_concat(url_path_join(os.environ.get("JUPYTERHUB_BASE_URL", "/"), "hub/spawn"), options)


class ActivityHandler(JupyterHandler):
    """For how many seconds the server has been unused, and for how many it has run."""

    @authenticated
    def get(self) -> None:
        """Does not count as use itself."""
        now = datetime.now(UTC)
        times = {"unused": self.serverapp.web_app.last_activity(), "running": self.settings["started"]}
        self.finish({name: (now - since).total_seconds() for name, since in times.items()})


class Gathering(RawSocketProtocol):
    """Hands on what the desktop sends in few messages, and takes no more than the browser does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing has come yet."""
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._last = 0.0

    def data_received(self, data: bytes) -> None:
        """The first piece goes out at once, what follows it closely goes together."""
        self._pieces.append(data)
        if len(self._pieces) == 1:
            self._loop.call_at(max(self._loop.time(), self._last + GATHER_S), self._hand_on)

    def _hand_on(self) -> None:
        if not self._pieces or self.handler.ws_connection is None:
            return  # the desktop or the browser has gone
        message, self._last = b"".join(self._pieces), self._loop.time()
        self._pieces.clear()
        written = self.handler.write_message(message, binary=True)
        self._transport.pause_reading()
        written.add_done_callback(self._written)

    def _written(self, written: asyncio.Future[None]) -> None:
        if written.exception() is None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hands on what is left, and closes the browser's side."""
        self._hand_on()
        super().connection_lost(exc)


class DesktopSocketHandler(RawSocketHandler):
    """jupyter-server-proxy's WebSocket to a unix socket, made for pictures."""

    name = SERVER
    is_input = staticmethod(desktop_activity.is_input)

    async def prepare(self) -> None:
        """Lets only the user of this server in, and answers 404 where the profile has no desktop."""
        await super().prepare()
        self.unix_socket = _desktop(self)["unix_socket"]

    async def open(self) -> None:
        """Connects to the desktop."""
        # Else a frame's last packet waits for the receipt of the one before it.
        self.set_nodelay(True)
        connect = asyncio.get_running_loop().create_unix_connection
        self.ws_transp, _ = await connect(lambda: Gathering(self), self.unix_socket)

    def on_message(self, message: bytes | str) -> None:
        """Hands it on; a key or the pointer counts as use of the server."""
        if self.is_input(message):
            desktop_activity.used(self.settings, "desktop")
        super().on_message(message)

    def _record_activity(self) -> None:
        """No other message does: neither a picture nor a page that asks for one."""

    async def http_get(self) -> None:
        """Only a WebSocket is served here."""
        raise HTTPError(405)


class VideoSocketHandler(DesktopSocketHandler):
    """The same to what makes a video of the part that moves (docs/adr/0012-video.md)."""

    is_input = staticmethod(lambda _: False)

    async def prepare(self) -> None:
        """Answers 404 without it; the page then shows all by VNC."""
        await super().prepare()
        self.unix_socket = str(Path(self.unix_socket).with_name("video.sock"))
        if not Path(self.unix_socket).is_socket():
            raise HTTPError(404)

    async def open(self) -> None:
        """Connects; closes where nobody listens any more."""
        try:
            await super().open()
        except OSError:
            self.close()


class PictureHandler(JupyterHandler):
    """The picture in the desktop's clipboard."""

    @authenticated
    async def get(self) -> None:
        """A PNG; 204 where there is none, 404 where the profile has no desktop."""
        socket = Path(_desktop(self)["unix_socket"]).with_name("picture.sock")
        try:
            picture = await asyncio.wait_for(_read(socket), PICTURE_S)
        except (OSError, TimeoutError):
            picture = b""
        self.set_header("Cache-Control", "no-store")
        if len(picture) > PICTURE_MIB << 20:
            raise HTTPError(413, f"The picture has more than {PICTURE_MIB} MiB.")
        # Without its end, the application was too slow.
        if not (picture.startswith(PNG) and picture.endswith(PNG_END)):
            self.set_status(204)
            self.finish()
            return
        self.set_header("Content-Type", "image/png")
        self.finish(picture)


class AssetHandler(StaticFileHandler):
    """Scripts and styles, which are nobody's data; their names change with their content.

    Public as JupyterLab's own: JupyterHub answers a module's script, which browsers fetch in mode "cors",
    with a redirect to the login.
    """

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """One file of the page's assets/."""
        await super().get(path, include_body)

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002
        """Lets the browser keep them."""
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")


class SlashHandler(RequestHandler):
    """`desktop` is the page too, but its relative addresses need the slash."""

    @allow_unauthenticated
    def get(self) -> None:
        """Redirects."""
        self.redirect(self.request.path + "/")


async def _read(socket: Path) -> bytes:
    """What a unix socket sends until it closes, or a little more than a picture may have."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        got = b""
        while len(got) <= PICTURE_MIB << 20 and (part := await reader.read(1 << 20)):
            got += part
        return got
    finally:
        writer.close()


def _desktop(handler: JupyterHandler) -> dict[str, Any]:
    """The desktop's entry in the configuration. Raises HTTPError 404 where there is none."""
    if (desktop := _configured(handler.serverapp)) is None:
        raise HTTPError(404, "This profile has no desktop: stop your server and choose one.")
    return desktop


def _configured(server: Any) -> dict[str, Any] | None:
    """The same; None where there is none."""
    servers: dict[str, dict[str, Any]] = server.config.get("ServerProxy", {}).get("servers", {})
    return servers.get(SERVER)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "desktop_page"}]


def _load_jupyter_server_extension(server: Any) -> None:
    base = url_path_join(server.web_app.settings["base_url"], "desktop")
    server.web_app.add_handlers(
        ".*$",
        [
            (base, SlashHandler),
            (base + "/", DesktopPageHandler),
            (base + "/activity", ActivityHandler),
            (base + "/socket", DesktopSocketHandler),
            (base + "/video", VideoSocketHandler),
            (base + "/picture", PictureHandler),
            (base + "/assets/(.*)", AssetHandler, {"path": str(PAGE / "assets")}),
        ],
    )
    desktop = _configured(server)
    computations = desktop_activity.Computations(
        server.web_app.settings,
        busy_cpus=float(os.environ.get("GATEWAY_BUSY_CPUS", "inf")),
        desktop=desktop and Path(desktop["unix_socket"]).with_name("cpu-seconds"),
    )
    PeriodicCallback(computations.look, desktop_activity.LOOK_S * 1000).start()
