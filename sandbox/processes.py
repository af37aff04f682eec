"""Processes of the sandbox: started detached, remembered on disk, ended by their id and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from sandbox import layout

STOP_TIMEOUT_S = 15


def _record(name: str) -> Path:
    return layout.RUN / "processes" / f"{name}.json"


def _find(name: str) -> psutil.Process | None:
    """The running process `name`; a recycled pid is told from ours by its start time."""
    try:
        known = json.loads(_record(name).read_text())
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["created"]) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def alive(name: str) -> bool:
    """Whether the process that was started as `name` still runs."""
    return _find(name) is not None


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
        for member in family:
            try:
                member.terminate()
            except psutil.NoSuchProcess:
                continue
        _, stubborn = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
        for member in stubborn:
            member.kill()
        psutil.wait_procs(stubborn, timeout=STOP_TIMEOUT_S)
    _record(name).unlink(missing_ok=True)


def names() -> list[str]:
    """All processes that were started and not stopped, in the order of their start."""
    records = sorted((layout.RUN / "processes").glob("*.json"), key=lambda p: p.stat().st_mtime)
    return [record.stem for record in records]
