"""The Docker engine: the one that answers already, else Debian's on a socket of our own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import layout, processes
from sandbox.tools import packages

BASE = "debian:12"
"""The base image's name in the registry."""
NAME = "dockerd"
"""Of the program, and of its process."""
START_TIMEOUT_S = 60
SOCKET_PATH_MAX = 107
"""Bytes that Linux has for the path of a unix socket."""


class ContainersError(Exception):
    """What is missing, or did not start, in words that an operator can act on."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that runs, and the registry beside it."""

    host: str
    """For DOCKER_HOST."""
    registry: str
    """Host and port; plain HTTP, which Docker accepts from a loopback address."""

    @property
    def base(self) -> str:
        """Reference of Debian's minimal system, which all other images are built on."""
        return f"{self.registry}/{BASE}"

    def docker(self, *arguments: str, timeout: float = 3600) -> str:
        """What `docker …` prints. Raises ContainersError with the end of its output where it fails."""
        return _run(["docker", *arguments], env={"DOCKER_HOST": self.host}, timeout=timeout)


def folder() -> Path:
    """What the engine and the registry of this sandbox store."""
    return layout.RUN / "docker"


def own_host() -> str:
    """DOCKER_HOST of the engine that is started here."""
    return f"unix://{folder()}/docker.sock"


def present_host() -> str:
    """DOCKER_HOST of the engine that the docker client finds by itself, whether it answers or not."""
    question = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    with suppress(ContainersError):
        return _run(question, timeout=30).strip()
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def no_answer(host: str) -> str | None:
    """Why no Docker engine answers at `host`; None where one does."""
    try:
        _run(["docker", "version"], env={"DOCKER_HOST": host}, timeout=30)
    except ContainersError as error:
        return str(error).splitlines()[-1]
    return None


def start_own(say: Callable[[str], object]) -> str:
    """Start Debian's dockerd unless it runs; its DOCKER_HOST. Raises ContainersError."""
    if not processes.alive(NAME):
        say("Docker engine: starting")
        place = folder()
        longest = place / "exec" / "containerd" / "containerd.sock.ttrpc"
        if len(os.fsencode(longest)) > SOCKET_PATH_MAX:
            raise ContainersError(
                f"{longest} is too long for a socket: set SANDBOX_HOME to a folder with a shorter name"
            )
        place.mkdir(parents=True, exist_ok=True)
        # Left by an engine that was killed; dockerd refuses to start over it.
        (place / "docker.pid").unlink(missing_ok=True)
        processes.start(
            NAME,
            [NAME, "--host", own_host(), "--data-root", place / "data", "--exec-root", place / "exec",
             "--pidfile", place / "docker.pid"],
            env={"PATH": packages.PATH},
        )  # fmt: skip
    wait(NAME, lambda: no_answer(own_host()) is None)
    return own_host()


def wait(name: str, ready: Callable[[], bool]) -> None:
    """Wait until the process `name` is ready. Raises ContainersError where it ends, or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if not processes.alive(name) or time.monotonic() > deadline:
            raise ContainersError(f"{name} did not start: see {processes.log(name)}")
        time.sleep(0.2)


def _run(argv: Sequence[str], *, env: dict[str, str] | None = None, timeout: float = 3600) -> str:
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, **(env or {})},
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        package = {**packages.ENGINE, **packages.CONTAINERS}[argv[0]]
        raise ContainersError(f"{argv[0]} is missing: apt-get install {package}") from error
    except subprocess.TimeoutExpired as error:
        raise ContainersError(f"{' '.join(argv[:2])} did not end within {timeout:.0f} s") from error
    except subprocess.CalledProcessError as error:
        tail = "\n".join((error.stdout + error.stderr).strip().splitlines()[-15:])
        raise ContainersError(f"{' '.join(argv)} failed:\n{tail}") from error
    return done.stdout
