"""A real JupyterHub of the chart's version, with the configuration that our values give it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from components.hub.desktops import merge

CONFIG = Path(__file__).with_name("hub_process_config.py")
PATIENCE_S = 60
OVER_HTTP = {"hub": {"config": {"JupyterHub": {"tornado_settings": {"cookie_options": {"secure": False}}}}}}
"""Values for a hub that a Browser can log in to."""


class Browser(requests.Session):
    """Somebody at the hub: follows no redirect, and keeps her cookies."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False

    def see(self, path: str) -> int:
        """Status of a page or of the API."""
        return self.get(f"{self.url}/hub/{path}", allow_redirects=False).status_code

    def log_in(self, user: str, password: str) -> bool:
        """Whether the hub takes name and password."""
        self.see("login")
        form = {"username": user, "password": password, "_xsrf": self.cookies.get("_xsrf", path="/hub/")}
        return self.post(f"{self.url}/hub/login", form, allow_redirects=False).status_code == 302

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """What the API answers, as to the hub's own pages."""
        headers = {
            "X-XSRFToken": self.cookies.get("_xsrf", path="/hub/") or "",
            "Referer": f"{self.url}/hub/",
        }
        return self.request(method, f"{self.url}/hub/api/{path}", json=body, headers=headers)

    def whoami(self) -> dict[str, Any] | None:
        """Herself as the hub knows her; None where she is nobody."""
        answer = self.ask("GET", "user")
        return dict(answer.json()) if answer.ok else None

    def running(self) -> bool:
        """Whether her server answers."""
        servers = (self.whoami() or {}).get("servers", {})
        return any(server["ready"] for server in servers.values())

    def starting(self) -> bool:
        """Whether her server is on its way."""
        servers = (self.whoami() or {}).get("servers", {})
        return any(server["pending"] for server in servers.values())


@dataclass(frozen=True)
class HubProcess:
    """A hub that answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def browser(self, user: str | None = None, password: str = "") -> Browser:
        """A fresh browser, logged in as `user` where one is named."""
        fresh = Browser(self.url)
        assert user is None or fresh.log_in(user, password), self.log.read_text()[-2000:]
        return fresh


@contextmanager
def hub_process(values: dict[str, Any], scratch: Path, port: int) -> Iterator[HubProcess]:
    """A hub with `values`, whose database and cookies are in `scratch`; users' servers outlive it."""
    given = {"values": merge(values, OVER_HTTP), "scratch": str(scratch), "url": f"http://127.0.0.1:{port}"}
    log = scratch / "hub.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", CONFIG],
            cwd=scratch,
            env={**os.environ, "HUB_PROCESS": json.dumps(given)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    hub = HubProcess(process, str(given["url"]), log)
    try:
        until(lambda: process.poll() is not None or _answers(hub))
        assert process.poll() is None, log.read_text()[-3000:]
        yield hub
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def end_servers(scratch: Path) -> None:
    """End the users' servers that a hub left running."""
    for process in psutil.process_iter(["environ"]):
        if str(scratch) in (process.info["environ"] or {}).get("HUB_PROCESS", ""):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Any) -> None:
    """Waits until `look` says yes."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def _answers(hub: HubProcess) -> bool:
    try:
        return hub.browser().see("health") == 200
    except requests.ConnectionError:
        return False
