"""The report of bench-desktop says of each target whether it is met, and by how much."""

from __future__ import annotations

from tests.desktop.bench import figures as f
from tests.desktop.bench.figures import Figures, median
from tests.desktop.bench.stacks import OURS, SELKIES, VNC
from tests.desktop.bench.targets import targets


def run(stack: str = OURS, set: str = "loopback", **other: object) -> Figures:
    given = {
        "fps": 58.0, "idle": [10.0, 14.0], "busy": [18.0, 19.0], "bytes": 1e6, "cpu": 0.5, "cpu_still": 0.01,
        "sharp_after": 400.0, "still": 0.995, "moving": 0.8, "image_mb": 900.0,
    }  # fmt: skip
    return Figures(stack=stack, set=set, **{**given, **other})  # type: ignore[arg-type]


def line(text: str, what: str) -> str:
    (found,) = [one for one in text.splitlines() if f"| {what} |" in one]
    return found


def test_a_target_that_is_met_or_missed_says_by_how_much() -> None:
    text = targets([run(idle=[12.0, 12.0], busy=[30.0, 30.0])])
    assert "≤ 15 | 12 | met by 20% |" in line(text, f.IDLE.title)
    assert "≤ 20 | 30 | **missed by 50%**" in line(text, f.BUSY.title)


def test_more_frames_are_better_and_compared_with_selkies() -> None:
    assert "≥ 48.5 (0.97 of Selkies) | 58.0 | met" in line(
        targets([run(), run(SELKIES, fps=50.0)]), f.FRAMES.title
    )
    assert "**missed" in line(targets([run(fps=40.0), run(SELKIES, fps=50.0)]), f.FRAMES.title)


def test_no_line_compares_with_a_stack_that_was_not_measured() -> None:
    assert f.FRAMES.title not in targets([run(), run(VNC)])


def test_a_bit_more_than_vnc_is_allowed_at_rest() -> None:
    given = [run(cpu_still=0.03), run(VNC, cpu_still=0.01)]
    assert "met |" in line(targets(given), f.CPU_STILL.title)


def test_a_median_is_of_the_runs_that_have_the_figure() -> None:
    runs = [
        run(fps=50.0, first_frame=7.0),
        run(fps=40.0),
        run(fps=60.0),
        run(VNC, fps=1.0),
        run(set="6", fps=2.0),
    ]
    assert median(runs, f.FRAMES, stack=OURS, set="loopback") == 50
    assert median(runs, f.FIRST, stack=OURS) == 7
