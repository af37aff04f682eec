"""Steps that set up the sandbox's tools: skipped when done before, told to the operator while they run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from sandbox import layout

HEARTBEAT_S = 20
"""Between two signs of life where the output is no terminal."""
TAIL_LINES = 15
"""Of a failed command's output, shown with the error."""

LINE_LENGTH = 100
"""Of what is shown of a command's output."""

Report = Callable[[str], None]
"""Takes a line about what is going on; only the newest one is shown."""


class ToolchainError(RuntimeError):
    """A tool could not be set up; the message says what to do or where to look."""


class Step:
    """A part of the set-up, done once for each state of its inputs.

    `inputs` are texts, files and folders; their contents make the key. `outputs` must exist afterwards.
    """

    name: str
    about: str
    inputs: Sequence[str | Path] = ()
    outputs: Sequence[Path] = ()

    def run(self, report: Report) -> None:
        """Do it; raises ToolchainError."""
        raise NotImplementedError

    def done(self) -> bool:
        """Whether it was done for these inputs, and its outputs are still there."""
        stamp = self._stamp()
        return (
            stamp.exists()
            and stamp.read_text(encoding="utf-8") == fingerprint(self.inputs)
            and all(output.exists() for output in self.outputs)
        )

    def finish(self) -> None:
        """Remember that it is done."""
        self._stamp().parent.mkdir(parents=True, exist_ok=True)
        self._stamp().write_text(fingerprint(self.inputs), encoding="utf-8")

    @property
    def log(self) -> Path:
        """Takes the output of the commands that it runs."""
        return layout.CACHE / "logs" / f"{self._slug()}.log"

    def call(
        self,
        argv: Sequence[str | Path],
        report: Report,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
    ) -> None:
        """Run a command, its output to the log and to `report`. Raises ToolchainError unless it ends with 0.

        `timeout` in seconds; `env` adds to the environment.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        command = [str(word) for word in argv]
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            with subprocess.Popen(
                command,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as child:
                alarm = threading.Timer(timeout, child.kill) if timeout else None
                if alarm:
                    alarm.start()
                assert child.stdout
                for line in child.stdout:
                    log.write(line)
                    if line.strip():
                        tail.append(line.rstrip())
                        report(line.strip()[:LINE_LENGTH])
                child.wait()
                if alarm:
                    alarm.cancel()
        if child.returncode:
            raise ToolchainError(
                f"{self.name}: `{' '.join(command)}` ended with {child.returncode}; all of it: {self.log}\n"
                + "\n".join(tail)
            )

    def _slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    def _stamp(self) -> Path:
        return layout.CACHE / "done" / self._slug()


def fingerprint(inputs: Iterable[str | Path]) -> str:
    """A key of texts and of the contents of files and folders; an absent file counts as empty."""
    digest = hashlib.sha256()
    for part in inputs:
        if isinstance(part, str):
            digest.update(f"text {part}\0".encode())
            continue
        for file in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if file.is_file():
                digest.update(f"file {file.relative_to(layout.ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


class Display:
    """Shows the running steps: a live table on a terminal, else plain lines."""

    def __init__(self) -> None:
        self._plain = not sys.stdout.isatty()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[name]}"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", "dim", markup=False, table_column=Column(no_wrap=True)),
            console=Console(),
            transient=True,
        )
        self._running: dict[str, tuple[float, str]] = {}
        self._over = threading.Event()

    def __enter__(self) -> Display:
        if self._plain:
            threading.Thread(target=self._heartbeat, daemon=True).start()
        else:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if not self._plain:
            self._progress.stop()

    def run(self, step: Step) -> None:
        """Run `step`, showing what it does and how long it took."""
        began = time.monotonic()
        self._say(f"{step.name}: {step.about}")
        task = None if self._plain else self._progress.add_task(step.about, name=step.name)

        def report(line: str) -> None:
            self._running[step.name] = (began, line)
            if task is not None:
                self._progress.update(task, description=line)

        report(step.about)
        try:
            step.run(report)
            step.finish()
        finally:
            del self._running[step.name]
            if task is not None:
                self._progress.remove_task(task)
        self._say(f"{step.name}: done in {time.monotonic() - began:.0f} s")

    def _say(self, line: str) -> None:
        if self._plain:
            print(line, flush=True)
        else:
            self._progress.console.print(line, markup=False, highlight=False)

    def _heartbeat(self) -> None:
        while not self._over.wait(HEARTBEAT_S):
            for name, (began, line) in sorted(self._running.items()):
                self._say(f"{name}: {time.monotonic() - began:.0f} s, {line}")


def run_lanes(lanes: Sequence[Sequence[Step]]) -> None:
    """Run the steps that are not done: a lane in its order, the lanes side by side. Raises ToolchainError."""
    failed = threading.Event()

    def run_lane(display: Display, lane: Sequence[Step]) -> None:
        for step in lane:
            if failed.is_set():
                return
            try:
                if not step.done():
                    display.run(step)
            except BaseException:
                failed.set()
                raise

    with Display() as display, ThreadPoolExecutor() as pool:
        for lane in [pool.submit(run_lane, display, steps) for steps in lanes]:
            lane.result()


def ensure(lanes: Sequence[Sequence[Step]], meanwhile: Sequence[Step] = ()) -> None:
    """The same, by one process at a time; milliseconds where all are done. Raises ToolchainError.

    Where any is not, `meanwhile` follows the first lane.
    """
    if all(step.done() for lane in lanes for step in lane):
        return
    first, *others = lanes
    with layout.locked(layout.CACHE / "toolchain"):
        run_lanes([[*first, *meanwhile], *others])
