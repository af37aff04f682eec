"""Serves the video of a display on a unix socket, to one browser at a time.

Each message to the browser: its length after these four bytes, its kind (one byte), and

    HELLO  the name that WebCodecs has for the codec
    MOVES  number of the video, x, y, width, height, redraws a second: what could be a video from now on
    FRAME  number of the video, number of the frame, 1 if it is a key frame, the frame
    STILL  number of the video: it has ended
    ALIVE  nothing; the picture has not changed, but whoever makes it is well

and from the browser a kind and a number:

    WATCHES  1 while somebody looks at it and it can show a video, else 0
    READY    of the video: VNC has left its place
    SHOWN    of the frame
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from video.flow import Flow
from video.rules import Motion, Pace, Rect, plain

if TYPE_CHECKING:
    from video.display import Display
    from video.encoder import Encoder

HELLO, MOVES, FRAME, STILL, ALIVE = range(5)
WATCHES, READY, SHOWN = range(3)
ANSWER = struct.Struct("!BI")
LOOK_S = 0.008  # between two looks at what was drawn
LEAST_S = 0.001  # between them, for what else there is to do
TOLD_S = 0.2  # between two words to the browser, while there is something to show
PAUSE_S = 1.0  # until text is looked at again, which could have become a picture
SAMPLES = 2000  # pixels that tell text from a picture
NEW_RATE = (0.85, 1.15)  # an encoder starts afresh, with a key frame, for a rate so much lower or higher
WAITING = 65536  # bytes for a browser that takes nothing


@dataclass
class Client:
    """A browser that shows the desktop."""

    writer: asyncio.StreamWriter
    watches: bool = False
    flow: Flow = field(default_factory=Flow)

    def tell(self, kind: int, content: bytes = b"") -> None:
        """Send a message."""
        self.writer.write(struct.pack("!IB", 1 + len(content), kind) + content)


@dataclass
class Video:
    """What moves, offered to a browser, and sent once it is ready."""

    number: int
    rect: Rect
    ready: bool = False
    changed: bool = True
    encoder: Encoder | None = None
    pace: Pace = field(default_factory=Pace)
    told: float = 0.0  # when the browser last heard of it


class Server:
    """Of one display."""

    def __init__(self, display: Display, codec: str, encoder: Callable[[int, int, int], Encoder]) -> None:
        """`codec` is WebCodecs' name; `encoder` makes one of a width, a height and a rate in kbit/s."""
        self._display = display
        self._codec = codec
        self._encoder = encoder
        self._motion = Motion(*display.size)
        self._size = display.size
        self._clients: list[Client] = []
        self._video: Video | None = None
        self._number = 0  # of the last video
        self._frame = 0  # and of its last frame
        self._quiet_until = 0.0
        self._wake = asyncio.Event()

    async def run(self, path: Path) -> None:
        """Serve until the X server ends."""
        server = await asyncio.start_unix_server(self._serve, path)
        path.chmod(0o660)
        async with server:
            while True:
                await self._woken()
                begin = monotonic()
                self._look(begin)
                # What is drawn in pieces counts once; an encoder that took its time has waited already.
                await asyncio.sleep(max(LOOK_S - (monotonic() - begin), LEAST_S))

    async def _woken(self) -> None:
        """Until there may be something to do. Costs nothing while nobody looks or nothing is drawn."""
        if self._watching and self._display.pending():
            return
        loop, display = asyncio.get_running_loop(), self._display.fileno
        if self._watching:
            loop.add_reader(display, self._wake.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), LOOK_S if self._video else None)
        self._wake.clear()
        loop.remove_reader(display)

    @property
    def _watching(self) -> list[Client]:
        return [client for client in self._clients if client.watches]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One browser, until it goes."""
        client = Client(writer)
        self._clients.append(client)
        client.tell(HELLO, self._codec.encode())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._answer(client, *ANSWER.unpack(await reader.readexactly(ANSWER.size)))
        self._clients.remove(client)
        self._end()
        writer.close()

    def _answer(self, client: Client, kind: int, number: int) -> None:
        if kind == WATCHES:
            client.watches = bool(number)
            self._end()  # an encoder for each of two would be too much
        elif kind == SHOWN:
            client.flow.shown(number, monotonic())
        elif kind == READY and self._video and self._video.number == number:
            self._video.ready = True
            client.flow.begin(monotonic())
        self._wake.set()

    def _look(self, now: float) -> None:
        """At what was drawn; and do what follows."""
        rects = self._display.drawn()
        if self._display.size != self._size:
            self._end()
            self._size = self._display.size
            self._motion = Motion(*self._size)
            return
        video = self._video
        if rects:
            self._motion.drawn(rects, now, video.rect if video else None)
        if len(self._watching) != 1:
            return
        (client,) = self._watching
        if video is None:
            self._begin(now)
        elif self._motion.still(now) or self._motion.outgrown(video.rect):
            self._end()
        else:
            video.changed = video.changed or any(rect.common(video.rect) for rect in rects)
            self._go_on(client, video, now)

    def _begin(self, now: float) -> None:
        rect = self._motion.moves(now) if now >= self._quiet_until else None
        pixels = self._display.take(rect) if rect else None
        if rect is None or pixels is None:
            return
        dots = pixels.cast("I")
        if plain(dots[:: max(1, len(dots) // SAMPLES) | 1]):
            self._quiet_until = now + PAUSE_S
            return
        self._number += 1
        self._video = Video(self._number, rect)

    def _go_on(self, client: Client, video: Video, now: float) -> None:
        if video.ready and video.changed and self._due(client, video, now):
            self._send(client, video, now)
        elif now - video.told >= TOLD_S:
            video.told = now
            if video.ready:
                client.tell(ALIVE)
            else:
                redraws = min(int(self._motion.redraws()), 255)
                client.tell(MOVES, struct.pack("!I5H", video.number, *video.rect, redraws))

    def _due(self, client: Client, video: Video, now: float) -> bool:
        free = client.flow.free(now) and client.writer.transport.get_write_buffer_size() < WAITING
        return free and video.pace.due(now)

    def _send(self, client: Client, video: Video, now: float) -> None:
        lower, higher = NEW_RATE
        rate = client.flow.kbit
        if video.encoder is None or not lower < rate / video.encoder.kbit < higher:
            video.encoder = self._encoder(video.rect.width, video.rect.height, rate)
            fresh = True
        else:
            fresh = False
        pixels = self._display.take(video.rect)
        packet = pixels and video.encoder.encode(pixels, now, key=fresh)
        video.pace.taken(now)
        video.changed = False
        if not packet:
            return
        self._frame += 1
        video.told = now
        content = struct.pack("!IIB", video.number, self._frame, packet.key) + packet.data
        client.tell(FRAME, content)
        client.flow.sent(self._frame, len(content), monotonic())

    def _end(self) -> None:
        if self._video is None:
            return
        for client in self._clients:
            client.tell(STILL, struct.pack("!I", self._video.number))
        self._video = None
        self._motion = Motion(*self._size)
