"""Servers that nobody uses are stopped: real hub, culler and Jupyter server, and a desktop that moves."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from components.hub.desktops import merge
from tests.unit.conftest import ROOT
from tests.unit.hub import ADMIN_PASSWORD, USER_PASSWORD, make_values
from tests.unit.hub_process import Browser, HubProcess, end_servers, free_port, hub_process, until

IDLE_S = 15
AN_UPDATE = b"\3\1" + bytes(8)
A_SIZE = b"\xfb\0" + bytes(6)
A_KEY = b"\xff\0" + bytes(10)
THE_POINTER = b"\5\0" + bytes(4)


@dataclass(frozen=True)
class Desk:
    """A user's server with a desktop, behind a hub that stops it after IDLE_S seconds."""

    browser: Browser
    url: str
    """Of the desktop's page."""
    headers: dict[str, str]
    """What lets her in."""

    def ask(self) -> dict[str, float]:
        """What the page asks."""
        return dict(requests.get(f"{self.url}/activity", headers=self.headers).json())

    def runs_while(self, seconds: float, **messages: list[bytes]) -> bool:
        """Whether the server still runs after so long, when pages sent `messages` all the time, by socket."""
        return asyncio.run(self._open(seconds, messages))

    async def _open(self, seconds: float, messages: dict[str, list[bytes]]) -> bool:
        address = self.url.replace("http", "ws")
        connect = {
            name: websocket_connect(HTTPRequest(f"{address}/{name}", headers=self.headers))
            for name in messages
        }
        pages = {name: await connecting for name, connecting in connect.items()}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, page in pages.items():
                for message in messages[name]:
                    await page.write_message(message, binary=True)
                assert await page.read_message(), "no picture moved"
            if not await asyncio.to_thread(self.browser.running):
                return False
            await asyncio.sleep(0.3)
        for page in pages.values():
            page.close()
        return True


@contextmanager
def moving(path: Path) -> Iterator[None]:
    """A VNC server whose picture never stands still."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def show(one: socket.socket) -> None:
        with suppress(OSError):
            while True:
                one.sendall(bytes(1000))
                time.sleep(0.05)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=show, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield
    listening.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    scratch = tmp_path_factory.mktemp("idle")
    values = make_values()
    tile = json.loads(values["singleuser"]["extraFiles"]["idv.json"]["stringData"])
    tile["ServerProxy"]["servers"]["desktop-websockify"]["unix_socket"] = str(scratch / "vnc.sock")
    ours = json.loads((ROOT / "docker" / "pyaos" / "desktop_page.json").read_text())
    (scratch / "jupyter_server_config.json").write_text(json.dumps(merge(tile, ours)))
    given = {
        # The sooner the server tells, and the hub asks its proxy, the sooner they are wrong.
        "hub": {"config": {"JupyterHub": {"last_activity_interval": 1}}},
        "cull": {"enabled": True, "timeout": IDLE_S, "every": 1},
        "singleuser": {
            "cmd": [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"],
            "extraEnv": {
                "JUPYTERHUB_ACTIVITY_INTERVAL": "1",
                "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
                "JUPYTER_CONFIG_PATH": str(scratch),
                "PYTHONPATH": str(ROOT / "docker" / "pyaos"),
                # These machines compute.
                "GATEWAY_BUSY_CPUS": "1000",
            },
        },
    }
    with moving(scratch / "vnc.sock"), moving(scratch / "video.sock"):
        with hub_process(merge(values, given), scratch, free_port()) as hub:
            browser = hub.browser("admin1", ADMIN_PASSWORD)
            token = browser.ask("POST", "users/admin1/tokens", {}).json()["token"]
            assert browser.ask("POST", "users/admin1/server").ok
            until(browser.running)
            target = browser.ask("GET", "proxy").json()["/user/admin1/"]["target"]
            yield Desk(browser, f"{target}/user/admin1/desktop", {"Authorization": f"token {token}"})
        end_servers(scratch)


def test_a_page_that_asks_is_no_use(desk: Desk) -> None:
    first = desk.ask()
    time.sleep(1)
    second = desk.ask()
    assert second["unused"] - first["unused"] > 0.9
    assert second["running"] - first["running"] > 0.9
    assert requests.get(f"{desk.url}/activity", allow_redirects=False).status_code in (302, 403)


def test_a_desktop_with_a_hand_at_it_is_used(desk: Desk) -> None:
    assert desk.runs_while(IDLE_S + 7, socket=[AN_UPDATE, THE_POINTER])
    assert desk.ask()["unused"] < IDLE_S


def test_a_desktop_that_is_only_looked_at_is_idle(desk: Desk) -> None:
    # What a page tells its video's server may begin like a key.
    assert not desk.runs_while(4 * IDLE_S, socket=[AN_UPDATE, A_SIZE], video=[THE_POINTER, A_KEY])


@pytest.fixture
def full(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub with room for one server."""
    with hub_process(make_values(limits={"servers": 1}), tmp_path, free_port()) as hub:
        yield hub
    end_servers(tmp_path)


def test_limits_of_servers(full: HubProcess) -> None:
    first, second = (full.browser(name, USER_PASSWORD) for name in ("user1", "user2"))
    assert first.ask("POST", "users/user1/server").ok
    until(first.running)
    refused = second.ask("POST", "users/user2/server")
    assert refused.status_code == 429
    assert "Active user limit exceeded" in refused.json()["message"]
    another = first.ask("POST", "users/user1/servers/another")
    assert another.status_code == 400
    assert "Named servers are not enabled" in another.json()["message"]
