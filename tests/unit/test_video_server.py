"""What the video's server tells browsers, on a display and with an encoder played here."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from video.rules import Rect
from video.server import ALIVE, ANSWER, FRAME, HELLO, MOVES, READY, SHOWN, STILL, WATCHES, Server

MAP = Rect(96, 40, 800, 600)
COLOURS = bytes(range(256)) * (MAP.width * MAP.height // 64)


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that does other work, too, a pause of the test is no picture that stands still."""
    monkeypatch.setattr("video.rules.STILL_S", (1.5, 1.5))


@dataclass
class Screen:
    """An X display."""

    size: tuple[int, int] = (1400, 900)
    moves: bool = False
    pixels: bytes = COLOURS

    def __post_init__(self) -> None:
        self._events, other = socket.socketpair()
        self._other = other
        self.fileno = self._events.fileno()

    def pending(self) -> bool:
        return self.moves

    def drawn(self) -> list[Rect]:
        return [MAP] if self.moves else []

    def take(self, rect: Rect) -> memoryview | None:
        return memoryview(self.pixels) if rect == MAP else None

    def draw(self) -> None:
        self.moves = True
        self._other.send(b"!")


@dataclass
class Browser:
    """A page that is connected."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[tuple[int, bytes]] = field(default_factory=list)

    def say(self, kind: int, number: int) -> None:
        self.writer.write(ANSWER.pack(kind, number))

    async def hears(self, kind: int, seconds: float = 30) -> bytes:
        """The next message of this kind."""
        async with asyncio.timeout(seconds):
            while True:
                (size,) = struct.unpack("!I", await self.reader.readexactly(4))
                message = await self.reader.readexactly(size)
                self.heard.append((message[0], message[1:]))
                if message[0] == kind:
                    return message[1:]

    async def hears_no(self, kind: int, seconds: float) -> None:
        with pytest.raises(TimeoutError):
            await self.hears(kind, seconds)

    async def ready(self) -> int:
        """Number of the video that it has agreed to."""
        (number,) = struct.unpack_from("!I", await self.hears(MOVES))
        self.say(READY, number)
        return int(number)


def encoder(width: int, height: int, kbit: int) -> Any:
    assert (width, height) == MAP[2:]

    def encode(pixels: memoryview, seconds: float, *, key: bool) -> Any:
        return SimpleNamespace(key=key, data=b"picture")

    return SimpleNamespace(kbit=kbit, encode=encode)


def played(
    tmp_path: Path, scene: Callable[[Screen, Callable[[], Awaitable[Browser]]], Awaitable[None]]
) -> None:
    """A scene with a screen, and what connects a browser that watches it."""
    path = tmp_path / "video.sock"

    async def connect() -> Browser:
        while not path.exists():
            await asyncio.sleep(0.01)
        browser = Browser(*await asyncio.open_unix_connection(path))
        assert await browser.hears(HELLO) == b"codec"
        browser.say(WATCHES, 1)
        return browser

    async def main() -> None:
        screen: Any = Screen()
        serving = asyncio.create_task(Server(screen, "codec", encoder).run(path))
        try:
            await scene(screen, connect)
            assert not serving.done()
        finally:
            serving.cancel()

    asyncio.run(main())


def test_from_the_offer_to_the_end(tmp_path: Path) -> None:
    async def scene(screen: Screen, connect: Callable[[], Awaitable[Browser]]) -> None:
        browser = await connect()
        screen.draw()
        number, *where, redraws = struct.unpack("!I5H", await browser.hears(MOVES))
        assert where == list(MAP) and redraws > 10
        await browser.hears(MOVES)  # again, until the page is ready
        assert FRAME not in dict(browser.heard)
        browser.say(READY, number)
        for frame in range(1, 20):
            content = await browser.hears(FRAME)
            assert struct.unpack_from("!IIB", content) == (number, frame, frame == 1)
            assert content[9:] == b"picture"
            browser.say(SHOWN, frame)
        screen.moves = False
        assert await browser.hears(STILL) == struct.pack("!I", number)
        await browser.hears_no(MOVES, 0.5)

    played(tmp_path, scene)


def test_a_browser_that_shows_no_frame_gets_no_more_but_hears_of_it(tmp_path: Path) -> None:
    async def scene(screen: Screen, connect: Callable[[], Awaitable[Browser]]) -> None:
        browser = await connect()
        screen.draw()
        await browser.ready()
        for _ in range(3):
            await browser.hears(FRAME)
        for _ in range(4):
            await browser.hears(ALIVE)
        assert [kind for kind, _ in browser.heard].count(FRAME) == 3

    played(tmp_path, scene)


def test_two_that_watch_have_none(tmp_path: Path) -> None:
    async def scene(screen: Screen, connect: Callable[[], Awaitable[Browser]]) -> None:
        browser = await connect()
        screen.draw()
        await browser.ready()
        await browser.hears(FRAME)
        other = await connect()
        await browser.hears(STILL)
        await browser.hears_no(MOVES, 1)
        other.say(WATCHES, 0)
        await browser.ready()
        await browser.hears(FRAME)
        other.say(WATCHES, 1)
        await browser.hears(STILL)
        other.writer.close()
        await browser.hears(MOVES)

    played(tmp_path, scene)


def test_a_new_size_ends_it(tmp_path: Path) -> None:
    async def scene(screen: Screen, connect: Callable[[], Awaitable[Browser]]) -> None:
        browser = await connect()
        screen.draw()
        await browser.ready()
        await browser.hears(FRAME)
        screen.size = (1300, 800)
        await browser.hears(STILL)
        await browser.ready()
        assert (await browser.hears(FRAME))[8] == 1

    played(tmp_path, scene)


def test_text_is_left_to_vnc(tmp_path: Path) -> None:
    async def scene(screen: Screen, connect: Callable[[], Awaitable[Browser]]) -> None:
        screen.pixels = bytes(len(COLOURS))
        browser = await connect()
        screen.draw()
        await browser.hears_no(MOVES, 1.5)
        screen.pixels = COLOURS
        await browser.hears(MOVES)

    played(tmp_path, scene)
