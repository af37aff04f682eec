"""Processes of the sandbox: started detached, remembered on disk, ended by their id and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from sandbox import layout

STOP_TIMEOUT_S = 15
POLL_S = 0.05


def _record(name: str) -> Path:
    return layout.RUN / "processes" / f"{name}.json"


def _find(name: str) -> psutil.Process | None:
    """The running process `name`; a recycled pid is told from ours by its start time."""
    try:
        known = json.loads(_record(name).read_text())
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["created"]) < 1
        return process if same and _runs(process) else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def alive(name: str) -> bool:
    """Whether the process that was started as `name` still runs."""
    return _find(name) is not None


def pid(name: str) -> int | None:
    """The id of the process that was started as `name`; None when it does not run."""
    process = _find(name)
    return process.pid if process else None


def log(name: str) -> Path:
    """The file that takes what the process `name` prints."""
    return layout.LOGS / f"{name}.log"


def start(
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Start `argv` as `name`, unless it runs already; `env` adds to the caller's environment."""
    if alive(name):
        return
    log(name).parent.mkdir(parents=True, exist_ok=True)
    _record(name).parent.mkdir(parents=True, exist_ok=True)
    with log(name).open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in argv],
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    created = psutil.Process(child.pid).create_time()
    _record(name).write_text(json.dumps({"pid": child.pid, "created": created}))


def stop(name: str) -> None:
    """End the process `name` and its children; kill what does not go within STOP_TIMEOUT_S."""
    process = _find(name)
    if process is not None:
        family = [process, *process.children(recursive=True)]
        for end in (psutil.Process.terminate, psutil.Process.kill):
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    end(member)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while (family := [m for m in family if _runs(m)]) and time.monotonic() < deadline:
                time.sleep(POLL_S)
    _record(name).unlink(missing_ok=True)


def _runs(process: psutil.Process) -> bool:
    """Whether it does anything still; a zombie only waits for its parent to take note."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def names() -> list[str]:
    """All processes that were started and not stopped, in the order of their start."""
    records = sorted((layout.RUN / "processes").glob("*.json"), key=lambda p: p.stat().st_mtime)
    return [record.stem for record in records]
