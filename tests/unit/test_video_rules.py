"""When a desktop's picture becomes a video, on damage that was recorded from an X server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from video.rules import HERTZ, LARGE, STILL_S, Motion, Pace, Rect, plain

DAMAGE = Path(__file__).parent / "damage"
MAP = Rect(272, 40, 900, 600)
"""Where the stand-in's map is on the recorded screen."""


def _recorded(name: str) -> tuple[Motion, list[tuple[float, list[Rect]]], list[int]]:
    found: dict[str, Any] = json.loads((DAMAGE / f"{name}.json").read_text(encoding="utf-8"))
    looks = [(at, [Rect(*rect) for rect in rects]) for at, rects in found["looks"]]
    return Motion(*found["screen"]), looks, found["dots"]


def _begun(name: str) -> tuple[float, Rect] | None:
    motion, looks, _ = _recorded(name)
    for at, rects in looks:
        motion.drawn(rects, at)
        if rect := motion.moves(at):
            return at, rect
    return None


def test_a_moving_map_is_a_video_within_a_second() -> None:
    begun = _begun("map")
    assert begun is not None
    at, rect = begun
    # The first look is the button that was pressed.
    assert at < 1.0
    assert rect.common(MAP) == MAP.width * MAP.height
    assert rect.width * rect.height < 1.02 * MAP.width * MAP.height
    assert not plain(_recorded("map")[2])


@pytest.mark.parametrize("name", ["clock", "windows"])
def test_a_clock_and_windows_that_open_are_none(name: str) -> None:
    assert _begun(name) is None


def test_scrolling_text_moves_but_is_plain() -> None:
    assert _begun("text") is not None
    assert plain(_recorded("text")[2])


def test_it_ends_soon_after_the_map_has_stopped() -> None:
    motion, looks, _ = _recorded("map")
    rect = None
    for at, rects in looks:
        motion.drawn(rects, at, rect)
        rect = rect or motion.moves(at)
        assert rect is None or not motion.still(at), at
    assert rect is not None
    end = looks[-1][0]
    cursor = Rect(rect.x + 50, rect.y + 50, 8, 16)
    for step in range(1, 60):
        motion.drawn([cursor], end + step / 100, rect)  # it blinks on, and keeps no video going
    assert motion.still(end + STILL_S[1] + 0.01)


def test_a_slow_animation_does_not_end_between_two_frames() -> None:
    motion, rect, now = Motion(1400, 900), Rect(0, 0, 800, 600), 0.0
    for _ in range(60):
        now += 0.085
        assert not (motion.moves(now) and motion.still(now))
        motion.drawn([rect], now, rect)
    assert motion.moves(now)
    for _ in range(20):
        assert not motion.still(now + 0.08)
        now += 0.085
        motion.drawn([rect], now, rect)
    assert not motion.still(now + 0.2)  # one frame is left out


def test_much_that_moves_beside_the_video_outgrows_it() -> None:
    motion, small, large = Motion(1400, 900), Rect(0, 0, 400, 400), Rect(0, 0, 1200, 800)
    for step in range(60):
        motion.drawn([small, Rect(900, 500, 60, 60)], step / 60, small)
    assert not motion.outgrown(small)
    for step in range(60, 120):
        motion.drawn([large], step / 60, small)
    assert motion.outgrown(small)


@pytest.mark.parametrize("screen", [(1400, 870), (1366, 767), (641, 481)])
def test_the_rectangle_is_on_the_screen_and_of_whole_blocks(screen: tuple[int, int]) -> None:
    width, height = screen
    for drawn in (Rect(0, 0, width, height), Rect(width - 333, 1, 400, height), Rect(-5, -5, 301, 301)):
        motion = Motion(*screen)
        for step in range(60):
            motion.drawn([drawn], step / 60)
        rect = motion.moves(1.0)
        assert rect is not None
        assert rect.x >= 0 and rect.x + rect.width <= width and rect.width % 8 == 0
        assert rect.y >= 0 and rect.y + rect.height <= height and rect.height % 2 == 0
        assert rect.common(drawn) >= (1 - LARGE) * Rect(0, 0, width, height).common(drawn)


def frames(looks: list[float]) -> int:
    """How many of these looks take a frame."""
    pace, taken = Pace(), 0
    for now in looks:
        if pace.due(now):
            pace.taken(now)
            taken += 1
    return taken


def test_no_frame_is_left_out_because_the_one_before_was_late() -> None:
    late = 0.005
    assert frames([10 + frame / HERTZ + late * (frame % 2) for frame in range(600)]) == 600


@pytest.mark.parametrize("hertz", [75, 120, 1000])
def test_no_video_has_more_frames_than_a_screen(hertz: int) -> None:
    assert HERTZ * 9.5 < frames([10 + look / hertz for look in range(10 * hertz)]) < HERTZ * 10.1
