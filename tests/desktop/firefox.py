"""The distribution's Firefox, by WebDriver BiDi (W3C). Playwright drives only a Firefox of its own."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websocket

from sandbox.check.browser import store
from tests.desktop.screen import SIZE, until

LISTENS = re.compile(r"WebDriver BiDi listening on ws://([\d.]+):(\d+)")
CLONE_NEWNET = 0x40000000  # linux/sched.h
ANSWER_S = 60


def program() -> Path | None:
    """Debian calls it firefox-esr, others firefox; None where there is none."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    return Path(found) if found else None


@dataclass
class Tab:
    """The one tab of a Firefox; with what `Screen` needs of Playwright's Page."""

    connection: websocket.WebSocket
    context: str = ""
    _asked: int = field(default=0, init=False)

    @property
    def mouse(self) -> Tab:
        """As in Playwright."""
        return self

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a command; RuntimeError with Firefox's words where it refuses."""
        self._asked += 1
        self.connection.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        while (answer := json.loads(self.connection.recv())).get("id") != self._asked:
            pass  # an event
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    @property
    def url(self) -> str:
        """Of the page that is open."""
        return str(self.ask("browsingContext.getTree")["contexts"][0]["url"])

    def goto(self, url: str) -> None:
        """Open a page, with its scripts."""
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, script: str) -> Any:
        """What an expression or a function without arguments gives, as JSON carries it."""
        value = (
            f"(async (it) => JSON.stringify({{it: await (it instanceof Function ? it() : it)}}))({script})"
        )
        target = {"context": self.context}
        got = self.ask("script.evaluate", expression=value, target=target, awaitPromise=True)
        if got["type"] == "exception":
            raise RuntimeError(got["exceptionDetails"]["text"])
        return json.loads(got["result"]["value"]).get("it")

    def screenshot(self) -> bytes:
        """A PNG of what is seen."""
        shot = self.ask("browsingContext.captureScreenshot", context=self.context)
        return base64.b64decode(shot["data"])

    def wait_for_timeout(self, milliseconds: float) -> None:
        """As in Playwright."""
        time.sleep(milliseconds / 1000)

    def click(self, x: float, y: float) -> None:
        """Press and release the left button there."""
        actions = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self.ask("input.performActions", context=self.context, actions=[mouse])

    def type(self, text: str) -> None:
        """By the keys, into what has the focus."""
        actions = [{"type": kind, "value": one} for one in text for kind in ("keyDown", "keyUp")]
        keys = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self.context, actions=[keys])


@contextmanager
def opened(start: Path, authority: Path, folder: Path, **settings: Any) -> Iterator[Tab]:
    """A Firefox without a window, started by `start`, that trusts `authority`; `settings` as in about:config.

    It may run in another network namespace.
    """
    store(authority, folder)
    lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in settings.items()]
    (folder / "user.js").write_text("".join(lines), encoding="utf-8")
    words = [start, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port=0"]
    environment = {**os.environ, "HOME": str(folder)}
    said = folder / "said"
    with (
        said.open("w") as log,
        subprocess.Popen(words, env=environment, stdout=log, stderr=subprocess.STDOUT) as firefox,
    ):
        try:
            found = until(lambda: firefox.poll() is not None or LISTENS.search(said.read_text()), ANSWER_S)
            assert isinstance(found, re.Match), f"Firefox ended: {said.read_text()}"
            tab = Tab(_connected(firefox.pid, found[1], int(found[2])))
            tab.ask("session.new", capabilities={})
            tab.context = tab.ask("browsingContext.getTree")["contexts"][0]["context"]
            tab.ask("browsingContext.setViewport", context=tab.context, viewport=SIZE)
            yield tab
        finally:
            firefox.terminate()


def _connected(process: int, host: str, port: int) -> websocket.WebSocket:
    """A session's WebSocket, from where a process has its network."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(place: Path) -> None:
        with place.open() as opened:
            if place.samefile("/proc/thread-self/ns/net"):
                return
            assert libc.setns(opened.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())

    with Path("/proc/thread-self/ns/net").open() as here:
        enter(Path(f"/proc/{process}/ns/net"))
        try:
            way = socket.create_connection((host, port))
        finally:
            enter(Path(f"/proc/self/fd/{here.fileno()}"))
    return websocket.create_connection(
        f"ws://{host}:{port}/session", socket=way, suppress_origin=True, timeout=ANSWER_S
    )
