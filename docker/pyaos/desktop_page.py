"""Jupyter server extension: serves the page that shows the desktop of the pod, at `desktop/`.

The desktop itself is jupyter-server-proxy's entry `desktop-websockify`, which the profile configures; its
launcher entry's title is the page's. Without that entry there is no desktop, and the page says so.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, RequestHandler, StaticFileHandler, authenticated

PAGE = Path("/opt/gateway/desktop-page")
"""The built page: index.html and assets/."""
SERVER = "desktop-websockify"
# The page loads nothing from elsewhere; noVNC draws the pointer as a data: image.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)


class DesktopPageHandler(JupyterHandler):
    """The page, with the desktop's title and the way to JupyterLab and to the hub."""

    @authenticated
    def get(self) -> None:
        """Answers 404 where this profile has no desktop."""
        servers = self.serverapp.config.get("ServerProxy", {}).get("servers", {})
        if SERVER not in servers:
            raise HTTPError(404, "This profile has no desktop: stop your server and choose one.")
        hub = self.settings.get("hub_prefix") or self.base_url
        values = {
            "title": servers[SERVER].get("launcher_entry", {}).get("title", "Desktop"),
            "lab": url_path_join(self.base_url, "lab"),
            "home": url_path_join(hub, "home"),
        }
        page = (PAGE / "index.html").read_text(encoding="utf-8")
        for name, value in values.items():
            page = page.replace("{{" + name + "}}", html.escape(value))
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-cache")
        self.finish(page)


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


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "desktop_page"}]


def _load_jupyter_server_extension(server: Any) -> None:
    base = url_path_join(server.web_app.settings["base_url"], "desktop")
    server.web_app.add_handlers(
        ".*$",
        [
            (base, SlashHandler),
            (base + "/", DesktopPageHandler),
            (base + "/assets/(.*)", AssetHandler, {"path": str(PAGE / "assets")}),
        ],
    )
