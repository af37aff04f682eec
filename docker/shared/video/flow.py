"""How much of a video the link carries, from the browser's acknowledgements of its frames."""

from __future__ import annotations

from collections import deque

MOST_KBIT = 8000  # sharper than this nobody sees while it moves
LEAST_KBIT = 800
PERIOD_S = 0.25  # between two looks at what arrived
QUEUE_S = 0.06  # a frame waits until the one that is longest under way is at most so much late
QUEUED_S = 0.03  # the link is full: each frame of a period was at least so much late
UNKNOWN_S = 0.1  # the way there and back, before the first acknowledgement
REMEMBERED_S = 10  # the shortest way there and back is that of so many seconds
DOWN, UP = 0.85, 1.2
PATIENCE_S = 3  # without a full link before more is tried; twice as long after each attempt that failed
LONGEST_PATIENCE_S = 48


class Flow:
    """Of one browser."""

    def __init__(self) -> None:
        self.kbit = MOST_KBIT
        """What an encoder may use, in kbit/s."""
        self._under_way: deque[tuple[int, int, float]] = deque()  # number, bytes, when it was sent
        self._ways: deque[tuple[float, float]] = (
            deque()
        )  # when, and the shortest way there and back of a period
        self._shortest = float("inf")  # of this period
        self._arrived = 0  # bytes, in this period
        self._begin = 0.0
        self._raised = 0.0
        self._calm = 0.0  # since when the link is not full
        self._patience = float(PATIENCE_S)

    def begin(self, now: float) -> None:
        """A new video; frames of the one before are not waited for."""
        self._under_way.clear()
        self._start(now)
        self._calm = now

    def free(self, now: float) -> bool:
        """Whether the next frame may be sent now."""
        return not self._under_way or now - self._under_way[0][2] < self._way() + QUEUE_S

    def sent(self, number: int, size: int, now: float) -> None:
        """A frame of `size` bytes was."""
        self._under_way.append((number, size, now))

    def shown(self, number: int, now: float) -> None:
        """The browser has shown this frame, and all before it."""
        while self._under_way and self._under_way[0][0] <= number:
            _, size, sent = self._under_way.popleft()
            self._shortest = min(self._shortest, now - sent)
            self._arrived += size
        if now - self._begin >= PERIOD_S and self._shortest < float("inf"):
            self._adapt(now)

    def _adapt(self, now: float) -> None:
        if self._shortest - self._way() > QUEUED_S:
            arrived = self._arrived * 0.008 / (now - self._begin)
            # A simple picture uses less than it may: what arrived then says little about the link.
            self.kbit = max(LEAST_KBIT, int(DOWN * min(self.kbit, max(arrived, 0.6 * self.kbit))))
            if self._raised:
                self._patience = min(2 * self._patience, LONGEST_PATIENCE_S)
            self._raised, self._calm = 0.0, now
        elif now - self._calm >= self._patience and self.kbit < MOST_KBIT:
            self.kbit = min(int(UP * self.kbit), MOST_KBIT)
            self._raised = self._calm = now
        self._ways.append((now, self._shortest))
        while self._ways[0][0] < now - REMEMBERED_S:
            self._ways.popleft()
        self._start(now)

    def _start(self, now: float) -> None:
        self._begin, self._arrived, self._shortest = now, 0, float("inf")

    def _way(self) -> float:
        """The shortest time from sending a frame to its acknowledgement."""
        return min((way for _, way in self._ways), default=UNKNOWN_S)
