"""Debian's registry on a loopback port of its own."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import yaml

from sandbox import layout, processes
from sandbox.containers.engine import folder, wait

NAME = "registry"
"""Of its process, and of its port."""

# Else it tries to say a manifest in an older form, which not every image has.
_ANY = {"Accept": "application/vnd.docker.distribution.manifest.v2+json, */*"}
_OPEN_LOCALLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def address() -> str:
    """Host and port, whether it runs or not."""
    return f"127.0.0.1:{layout.port(NAME)}"


def start(say: Callable[[str], object]) -> str:
    """Start it unless it runs; its address. Raises ContainersError."""
    if not processes.alive(NAME):
        say(f"Registry: starting on {address()}")
        folder().mkdir(parents=True, exist_ok=True)
        config = folder() / "registry.yml"
        settings = {
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": f"{folder()}/registry"}, "delete": {"enabled": True}},
            "http": {"addr": address()},
        }
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        processes.start(NAME, ["docker-registry", "serve", config])
    wait(NAME, lambda: serves(""))
    return address()


def serves(path: str) -> bool:
    """Whether it answers a GET of this path, below /v2/, with 200."""
    try:
        question = urllib.request.Request(f"http://{address()}/v2/{path}", headers=_ANY)
        with _OPEN_LOCALLY.open(question, timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False
