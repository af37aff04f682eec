"""When what moves is sent as a video, which part of the screen that is, and how much of it the link carries.

Nothing here knows X, encoders or sockets, and time comes from outside: tests play recorded damage.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

HERTZ = 60  # of a video, at most
EARLY_S = 0.5 / HERTZ  # a frame may be that early, so that none is left out because the one before was late
TILE = 64  # pixels; the screen is watched in tiles
MEMORY_S = 0.5  # how long a redraw counts
REDRAWS = 10  # a second: fewer are not worth a video
PART = 0.08  # of the screen must move: less is a cursor, a clock or a progress bar
BEFORE_S = 0.3  # it must have moved that long: a window that opens is no video
STILL_S = (0.15, 0.4)  # without a large change for so long, depending on its pace, the picture stands still
LARGE = 0.02  # of the rectangle: a smaller change does not keep a video going
PLAIN = 0.6  # share of one colour from which on a picture is text, which VNC sends smaller and sharp


class Rect(NamedTuple):
    """Part of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def common(self, other: Rect) -> int:
        """The area of both, in pixels."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(across, 0) * max(down, 0)


class Pace:
    """Of a video's frames: HERTZ a second, though each look at the screen comes a bit early or late."""

    def __init__(self) -> None:
        self._last = -math.inf  # when the last frame was due, or taken if that was much later

    def due(self, now: float) -> bool:
        """Whether the next frame may be taken."""
        return now - self._last >= EARLY_S

    def taken(self, now: float) -> None:
        """A frame was."""
        self._last = max(self._last + 1 / HERTZ, now - EARLY_S)


class Motion:
    """Follows what is drawn on a screen of this size."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = Rect(0, 0, width, height)
        self._across = -(-width // TILE)
        self._heat = [0.0] * (self._across * -(-height // TILE))  # of each tile, about its redraws a second
        self._last = 0.0
        self._drawn: deque[tuple[float, Rect]] = deque()
        self._hot_since = math.inf
        self._large = 0.0  # when the last large change was
        self._pace = 0.0  # seconds between two

    def drawn(self, rects: Iterable[Rect], now: float, video: Rect | None = None) -> None:
        """These were redrawn since the last call, while `video` was sent as a video."""
        decay = math.exp((self._last - now) / MEMORY_S)
        self._heat = [heat * decay for heat in self._heat]
        self._last = now
        touched: set[int] = set()
        changed = 0
        for rect in rects:
            self._drawn.append((now, rect))
            touched.update(self._tiles(rect))
            changed += rect.common(video) if video else 0
        for tile in touched:
            self._heat[tile] += 1 / MEMORY_S
        while self._drawn and self._drawn[0][0] < now - MEMORY_S:
            self._drawn.popleft()
        if video and changed >= LARGE * video.width * video.height:
            self._pace = 0.8 * self._pace + 0.2 * (now - self._large)
            self._large = now
        if not self._much(self._hot()):
            self._hot_since = math.inf
        else:
            self._hot_since = min(self._hot_since, now)

    def moves(self, now: float) -> Rect | None:
        """The rectangle to send as a video, if there is one."""
        if now - self._hot_since < BEFORE_S:
            return None
        hot = self._hot()
        moved = [
            rect
            for drawn, rect in self._drawn
            if drawn >= now - BEFORE_S and not hot.isdisjoint(self._tiles(rect))
        ]
        if not self._much(hot) or not moved:
            return None
        self._large, self._pace = now, 0.0
        left, top = (min(rect[side] for rect in moved) for side in (0, 1))
        right, bottom = (max(rect[side] + rect[side + 2] for rect in moved) for side in (0, 1))
        x, width = _fitted(left, right, self._screen.width, 8)  # PyAV's lines have multiples of 8 pixels
        y, height = _fitted(top, bottom, self._screen.height, 2)  # colours have half the resolution
        return Rect(x, y, width, height)

    def redraws(self) -> float:
        """A second, of what moves most."""
        return max(self._heat)

    def still(self, now: float) -> bool:
        """Whether the video may end. The pace of an animation of few frames a second is not its end."""
        least, most = STILL_S
        return now - self._large > min(max(3 * self._pace, least), most)

    def outgrown(self, video: Rect) -> bool:
        """Whether much moves outside of the video."""
        inside = set(self._tiles(video))
        return self._much(self._hot() - inside, PART / 2)

    def _hot(self) -> set[int]:
        return {tile for tile, heat in enumerate(self._heat) if heat >= REDRAWS}

    def _much(self, tiles: set[int], part: float = PART) -> bool:
        return len(tiles) * TILE * TILE >= part * self._screen.width * self._screen.height

    def _tiles(self, rect: Rect) -> list[int]:
        columns = range(max(rect.x, 0) // TILE, min(-(-(rect.x + rect.width) // TILE), self._across))
        rows = range(
            max(rect.y, 0) // TILE, min(-(-(rect.y + rect.height) // TILE), len(self._heat) // self._across)
        )
        return [row * self._across + column for row in rows for column in columns]


def _fitted(begin: int, end: int, most: int, multiple: int) -> tuple[int, int]:
    """Begin and length, of a multiple: all from `begin` to `end` where the screen has room for that."""
    begin, end = max(begin, 0), min(end, most)
    length = min(-(-(end - begin) // multiple), most // multiple) * multiple
    return min(begin, most - length), length


def plain(pixels: Sequence[int]) -> bool:
    """Whether a sample of a picture is mostly one colour, as text is."""
    counts: dict[int, int] = {}
    for pixel in pixels:
        counts[pixel] = counts.get(pixel, 0) + 1
    return max(counts.values()) >= PLAIN * len(pixels)
