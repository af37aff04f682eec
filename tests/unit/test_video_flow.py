"""A video uses what a link carries, on links and browsers played here."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import NamedTuple

from video.flow import LEAST_KBIT, MOST_KBIT, Flow

HERTZ = 60
ONE_WAY_S = 0.02


class Shown(NamedTuple):
    at: float
    late: float
    """From the frame's making, in seconds."""
    kbit: int


def play(
    link: Callable[[float], int], seconds: float, decoding: Callable[[], float] = lambda: 0.008
) -> list[Shown]:
    """Frames through a link of so many kbit/s at a time, to a browser that takes so long for each."""
    flow = Flow()
    flow.begin(0)
    sent, carried, decoded, due = 0, 0.0, 0.0, 0.0
    answers: list[tuple[float, int]] = []
    shown: list[Shown] = []
    for milliseconds in range(int(seconds * 1000)):
        now = milliseconds / 1000
        while answers and answers[0][0] <= now:
            flow.shown(heapq.heappop(answers)[1], now)
        if now < due or not flow.free(now):
            continue
        sent += 1
        size = flow.kbit * 1000 // 8 // HERTZ
        flow.sent(sent, size, now)
        due = max(due + 1 / HERTZ, now)
        carried = max(carried, now) + size * 0.008 / link(now)
        decoded = max(decoded, carried + ONE_WAY_S) + decoding()
        heapq.heappush(answers, (decoded + ONE_WAY_S, sent))
        shown.append(Shown(decoded, decoded - now, flow.kbit))
    return shown


def between(shown: list[Shown], begin: float, end: float) -> list[Shown]:
    return [one for one in shown if begin <= one.at < end]


def test_a_wide_link_gets_all() -> None:
    shown = between(play(lambda _: 20_000, 6), 1, 5)
    assert len(shown) >= 4 * HERTZ - 2
    assert all(one.kbit == MOST_KBIT for one in shown)


def test_a_narrow_link_gets_what_it_carries() -> None:
    shown = between(play(lambda _: 6000, 20), 2, 20)
    assert len(shown) > 18 * HERTZ * 0.95
    assert sorted(one.late for one in shown)[len(shown) // 2] < 0.06
    assert max(one.late for one in shown) < 0.2
    assert sum(one.kbit for one in shown) / len(shown) > 4000


def test_a_link_that_gets_worse_costs_frames_and_no_delay() -> None:
    shown = play(lambda now: 20_000 if now < 5 else 1500, 15)
    worst = max(one.late for one in between(shown, 5, 15))
    assert worst < 0.7  # what was under way when it happened
    later = between(shown, 7, 15)
    assert max(one.late for one in later) < 0.2
    assert len(later) > 8 * HERTZ * 0.9


def test_a_link_that_gets_better_is_used_again() -> None:
    shown = play(lambda now: 1500 if now < 5 else 20_000, 25)
    assert all(one.kbit < 3000 for one in between(shown, 3, 5))
    assert all(one.kbit == MOST_KBIT for one in between(shown, 22, 25))


def test_a_slow_browser_is_no_reason_for_a_coarse_picture() -> None:
    shown = between(play(lambda _: 100_000, 30, decoding=lambda: 0.05), 1, 30)
    sharp = [one for one in shown if one.kbit == MOST_KBIT]
    assert len(sharp) > 0.8 * len(shown)
    assert max(one.late for one in shown) < 0.3


def test_neither_is_a_machine_with_much_else_to_do() -> None:
    rates = []
    for seed in range(5):
        often = random.Random(seed)
        shown = between(play(lambda _: 20_000, 60, decoding=lambda: often.expovariate(1 / 0.02)), 1, 60)  # noqa: B023
        rates.append(sum(one.kbit for one in shown) / len(shown))
    assert sum(rates) / len(rates) > 0.7 * MOST_KBIT


def test_the_rate_has_a_least() -> None:
    assert min(one.kbit for one in play(lambda _: 200, 20)) == LEAST_KBIT


def test_a_browser_that_says_nothing_gets_few_frames() -> None:
    flow = Flow()
    flow.begin(0)
    number = 0
    for milliseconds in range(5000):
        if flow.free(milliseconds / 1000):
            number += 1
            flow.sent(number, 10_000, milliseconds / 1000)
    assert number == 3
