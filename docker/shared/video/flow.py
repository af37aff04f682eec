"""How much of a video the link carries, from the browser's acknowledgements of its frames."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from video.rules import HERTZ

MOST_KBIT = 8000
"""Sharper than this nobody sees while it moves."""
LEAST_KBIT = 800
PERIOD_S = 0.5
"""Between two looks at what arrived."""
QUEUE_S = 0.06
"""The next frame waits while one under way is later than this."""
FULL_S = 0.03
"""The link is full where the frames of a period were that late on average."""
UNKNOWN_S = 0.1
"""The way there and back, before the first acknowledgement."""
REMEMBERED_S = 10.0
"""How long a way there and back counts as the shortest, that of an empty link."""
FEW = 3
"""Frames that may be under way whatever is known of the link."""
DOWN, UP = 0.85, 1.2
AT_ONCE = 0.4
"""The rate is not lowered further than so at once: a simple picture uses less than it may."""
HELPS = 2.0
"""A lower rate must bring more frames, or they must be so many times less late: else it is not the link."""
MORE = 1.2
"""Fewer times the frames are within what they vary by."""
PATIENCE_S = 3.0
"""Until the next attempt; twice as long after each that failed."""
LONGEST_PATIENCE_S = 48.0


class Period(NamedTuple):
    """What arrived in one."""

    last: int
    """Number of the last frame that was sent in it."""
    kbit: int
    """What the encoder might use."""
    frames: float
    """A second."""
    way: float
    """There and back, the mean in seconds."""


@dataclass
class Arrived:
    """What has, since then."""

    begin: float
    bytes: int = 0
    frames: int = 0
    first: int = 0  # number of a frame
    ways: float = 0.0  # the sum
    shortest: float = math.inf


class Flow:
    """Of one browser."""

    def __init__(self) -> None:
        self.kbit = MOST_KBIT
        """What an encoder may use, in kbit/s."""
        self._under_way: deque[tuple[int, int, float]] = deque()  # number, bytes, when it was sent
        self._ways: deque[tuple[float, float]] = deque()  # when, and the shortest way of that period
        self._lowered: Period | None = None  # the one before the rate was lowered
        self._sent = 0  # number of the last frame
        self._rate = 0.0  # frames a second that arrived in the last period
        self._raised_at = -math.inf
        self._raise_at = self._lower_at = 0.0  # not before
        self._patience = PATIENCE_S
        self._arrived = Arrived(0.0)

    def begin(self, now: float) -> None:
        """A new video; frames of the one before are not waited for."""
        self._under_way.clear()
        self._lowered = None
        self._arrived = Arrived(now)

    def free(self, now: float) -> bool:
        """Whether the next frame may be sent now."""
        if len(self._under_way) < FEW:
            return True
        longest = self._way() + QUEUE_S
        return now - self._under_way[0][2] < longest and len(self._under_way) < self._rate * longest + 1

    def sent(self, number: int, size: int, now: float) -> None:
        """A frame of `size` bytes was."""
        self._under_way.append((number, size, now))
        self._sent = number

    def shown(self, number: int, now: float) -> None:
        """The browser has shown this frame, and all before it."""
        arrived = self._arrived
        while self._under_way and self._under_way[0][0] <= number:
            _, size, sent = self._under_way.popleft()
            arrived.shortest = min(arrived.shortest, now - sent)
            arrived.ways += now - sent
            arrived.bytes += size
            arrived.frames += 1
            arrived.first = arrived.first or number
        if now - arrived.begin >= PERIOD_S and arrived.frames:
            self._adapt(arrived, now)
            self._arrived = Arrived(now)

    def _adapt(self, arrived: Arrived, now: float) -> None:
        seconds = now - arrived.begin
        period = Period(self._sent, self.kbit, arrived.frames / seconds, arrived.ways / arrived.frames)
        self._rate = period.frames
        full = period.way - self._way() > FULL_S
        self._ways.append((now, arrived.shortest))
        while self._ways[0][0] < now - REMEMBERED_S:
            self._ways.popleft()
        lowered = self._lowered
        if lowered and arrived.first > lowered.last:  # all of this period had the new rate
            self._lowered = None
            if not self._helped(lowered, period):
                # A slow browser or machine: perhaps it was so before, too.
                self.kbit = min(int(UP * lowered.kbit), MOST_KBIT)
                self._lower_at = self._later(now)
                self._raise_at = now
                return
        if not full:
            if now >= self._raise_at and self.kbit < MOST_KBIT:
                self.kbit = min(int(UP * self.kbit), MOST_KBIT)
                self._raised_at, self._raise_at = now, now + 2 * PERIOD_S
            return
        if now - self._raised_at <= 3 * PERIOD_S:
            self._raise_at = self._later(now)
        if self._lowered is None and now >= self._lower_at and self.kbit > LEAST_KBIT:
            kbit = max(arrived.bytes * 0.008 / seconds, AT_ONCE * self.kbit)
            self.kbit = max(LEAST_KBIT, int(DOWN * min(self.kbit, kbit)))
            self._lowered = period

    def _helped(self, lowered: Period, period: Period) -> bool:
        """Whether it was the link: then it carries more of the smaller frames, or its queue is gone."""
        more = min(lowered.frames * lowered.kbit / period.kbit, HERTZ)
        late, lately = lowered.way - self._way(), period.way - self._way()
        has_more = more > MORE * lowered.frames and period.frames > (lowered.frames + more) / 2
        return has_more or lately < late / HELPS

    def _later(self, now: float) -> float:
        """When to try again after an attempt that failed."""
        patience = self._patience
        self._patience = min(2 * patience, LONGEST_PATIENCE_S)
        return now + patience

    def _way(self) -> float:
        """The shortest time from sending a frame to its acknowledgement."""
        return min((way for _, way in self._ways), default=UNKNOWN_S)
