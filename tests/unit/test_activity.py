"""What computes in a user's pod: by the processes of its two containers."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import desktop_activity
import pytest
from desktop_activity import Computations, cpu_seconds

from tests.unit.conftest import ROOT

TICKS = os.sysconf("SC_CLK_TCK")


def process(proc: Path, pid: int, *seconds: int, parent: int = 1) -> None:
    """A process that has used so many seconds: user, system, and both of its ended children."""
    (proc / str(pid)).mkdir(exist_ok=True)
    times = " ".join(str(TICKS * each) for each in seconds)
    (proc / str(pid) / "stat").write_text(
        f"{pid} (a (strange) name) S {parent} 1 1 0 -1 4 0 0 0 0 {times} 20 0 1\n"
    )


@pytest.mark.parametrize(
    ("message", "used"),
    [
        (b"\4\1\0\0\0\0\xff\x0d", True),  # a key
        (b"\5\0\0\1\0\1", True),  # the pointer
        (b"\xff\0\0\1\0\0\xff\x0d\0\0\0\x1c", True),  # a key with its place
        (b"RFB 003.008\n", False),
        (b"\1", False),  # the way to log in, and: others may look too
        (b"\3\1\0\0\0\0\5\0\4\0", False),  # a picture is asked for
        (b"\xfb\0\5\0\4\0\1\0", False),  # a size
        (b"\xf8\0\0\0\0\0\0\0\0", False),  # a fence
        (b"\6\0\0\0\0\0\0\1a", False),  # the clipboard, which a page sends by itself when it comes back
        (b"", False),
        ("\5", False),
    ],
)
def test_keys_and_the_pointer_are_input(message: bytes | str, used: bool) -> None:
    assert desktop_activity.is_input(message) is used


def test_processes_count_and_ended_ones_but_not_the_server_itself(tmp_path: Path) -> None:
    process(tmp_path, 7, 1000, 1000, 3, 4)
    process(tmp_path, 8, 10, 20, 0, 0)
    (tmp_path / "9").mkdir()  # has just ended
    assert cpu_seconds(tmp_path, own=7) == 37


def test_the_desktops_container_leaves_out_what_shows_the_picture(tmp_path: Path) -> None:
    process(tmp_path, 20, 500, 500, 0, 0)  # the X server
    process(tmp_path, 21, 0, 0, 900, 0)  # what keeps the video's server
    process(tmp_path, 22, 300, 300, 0, 0, parent=21)
    process(tmp_path, 23, 300, 300, 0, 0, parent=22)
    process(tmp_path, 24, 40, 2, 1, 0)
    script = (ROOT / "docker" / "shared" / "watch-cpu").read_text().replace("/proc/", f"{tmp_path}/")
    told = tmp_path / "cpu-seconds"
    with subprocess.Popen(
        ["bash", "-c", script, "watch-cpu", str(told), "20", "21"], env={**os.environ, "WATCH_CPU_S": "0.1"}
    ) as watching:
        deadline = time.monotonic() + 20
        while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        seen = told.read_text()
        watching.terminate()
    assert float(seen) == 43


@pytest.mark.parametrize(
    ("cpus_desktop", "cpus_notebook", "busy"),
    [
        (0.05, 0.05, False),
        (0.6, 0, True),
        (0, 0.6, True),
        (0.3, 0.3, True),
        (None, 0.6, True),
        (None, 0.3, False),
    ],
)
def test_a_computation_in_either_container_is_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cpus_desktop: float | None,
    cpus_notebook: float,
    busy: bool,
) -> None:
    settings: dict[str, Any] = {"last_activity_times": {}}
    told = tmp_path / "cpu-seconds"
    looks = Computations(settings, busy_cpus=0.5, desktop=told)
    for minute in range(2):
        monkeypatch.setattr(desktop_activity, "time", lambda now=60 * minute: now)
        monkeypatch.setattr(desktop_activity, "cpu_seconds", lambda spent=60 * minute * cpus_notebook: spent)
        if cpus_desktop is not None:
            told.write_text(f"{1000 + 60 * minute * cpus_desktop}\n")
            os.utime(told, (60 * minute, 60 * minute))
        looks.look()
        assert bool(settings["last_activity_times"]) == (busy and minute == 1)


def test_a_desktop_that_began_again_or_tells_nothing_new_computes_nothing() -> None:
    processors = desktop_activity.Processors()
    assert [processors.used(at, spent) for at, spent in ((0, 500), (60, 530), (60, 530), (120, 2))] == [
        0,
        0.5,
        0,
        0,
    ]
