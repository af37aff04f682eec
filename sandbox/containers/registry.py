"""Debian's registry on a loopback port of its own."""

from __future__ import annotations

from collections.abc import Callable

import requests
import yaml

from sandbox import layout, processes
from sandbox.containers.engine import folder, wait

NAME = "registry"
"""Of its process, and of its port."""

# Else it tries to say a manifest in an older form, which not every image has.
_ANY = {"Accept": "application/vnd.docker.distribution.manifest.v2+json, */*"}
_ANSWER_S = 60


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
        return ask("GET", path, seconds=5).status_code == requests.codes.ok
    except OSError:
        return False


def ask(
    method: str, path: str, data: bytes = b"", kind: str = "", *, seconds: float = _ANSWER_S
) -> requests.Response:
    """What it answers to a request for this path, below /v2/, or address; OSError where it refuses."""
    url = path if path.startswith("http") else f"http://{address()}/v2/{path}"
    headers = {**_ANY, **({"Content-Type": kind} if kind else {})}
    with requests.Session() as session:
        session.trust_env = False  # it is on this machine: no proxy
        answer = session.request(method, url, data=data, headers=headers, timeout=seconds)
    answer.raise_for_status()
    return answer
