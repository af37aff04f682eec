"""Looks for secrets where none may be: files, what is printed, arguments and environments of processes."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PROGRAM = b"pulumi-language-python-exec"
"""In the arguments of the process that runs `__main__.py`: Pulumi hands it its configuration so."""


def spellings(secret: str) -> set[bytes]:
    """The secret as it may be written: plain, and inside of something that base64 hides, at each offset."""
    plain = secret.encode()
    hidden = {base64.b64encode(b"x" * offset + plain)[offset + offset // 2 + 1 : -4] for offset in range(3)}
    return {plain, *hidden}


class Search:
    """Looks for secrets, by name, in whatever it is shown; `found` tells which were seen and where."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = {name: spellings(secret) for name, secret in known.items()}
        self.found: set[str] = set()

    def look(self, where: str, data: bytes) -> None:
        """Search one thing."""
        for name, written in self._known.items():
            if any(spelling in data for spelling in written):
                self.found.add(f"{name} in {where}")

    def files(self, folders: Iterable[Path]) -> None:
        """Search all files below the folders, but not through links."""
        for folder in folders:
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    self.look(str(path), path.read_bytes())

    def processes(self) -> None:
        """Search arguments and environment of every process but the program itself, which is told them."""
        for process in psutil.process_iter():
            folder = Path(f"/proc/{process.pid}")
            try:
                command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            if PROGRAM not in command:
                self.look(f"arguments of {command!r}", command)
                self.look(f"environment of {command!r}", environment)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Search the processes again and again meanwhile."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                self.processes()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
