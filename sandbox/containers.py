"""A Docker engine and a registry for the gateway's images, and a base image that comes from no registry.

A Docker engine that answers already is taken as it is. Otherwise Debian's dockerd is started as root on a
socket under RUN/docker. It makes the bridge docker0 and its own iptables rules, which stay until the machine
restarts; everything else lies under the sandbox's folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import layout, packages, processes
from sandbox.steps import run_lanes

BASE = "debian:12"
"""The base image's name in the registry."""
SHARED_BASE = "localhost/sandbox-base"
"""Its name in the engine, the same for all sandboxes that use one engine."""
START_TIMEOUT_S = 60
SOCKET_PATH_MAX = 107
"""Bytes that Linux has for the path of a unix socket."""

_NONE = "<none>"
_OPEN_LOCALLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


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
        """Reference of the base image, for the build argument BASE."""
        return f"{self.registry}/{BASE}"

    def docker(self, *arguments: str, timeout: float = 3600) -> str:
        """What `docker …` prints. Raises ContainersError with the end of its output where it fails."""
        return _run(["docker", *arguments], env={"DOCKER_HOST": self.host}, timeout=timeout)


def programs() -> dict[str, str]:
    """Programs that are called or started here, each with the Debian package that has it.

    Raises ContainersError where no Docker engine answers and this user can't start one.
    """
    if processes.alive("dockerd") or (missing := _missing(_present_host())) is None:
        return packages.CONTAINERS
    if os.geteuid() != 0:
        raise ContainersError(
            f"The images need a Docker engine, none answers ({missing}), and only root can start one. "
            "Start Docker, or set DOCKER_HOST, and run this again; or remove `gateway:images` from "
            "Pulumi.sandbox.yaml: the gateway then names published images, and none is built."
        )
    return {**packages.ENGINE, **packages.CONTAINERS}


def start(say: Callable[[str], object] = print) -> Engine:
    """Engine, registry and base image, each made unless it is there. Raises ContainersError."""
    for program, package in programs().items():
        if packages.program(program) is None:
            raise ContainersError(f"{program} is missing: apt-get install {package}")
    present = not processes.alive("dockerd") and _missing(_present_host()) is None
    engine = Engine(host=_present_host() if present else _own_engine(say), registry=_registry(say))
    _base_image(engine, say)
    return engine


def environment() -> dict[str, str]:
    """What clients of the engine and of the registry need, whether these run or not."""
    engine = _known()
    return {"DOCKER_HOST": engine.host, "SANDBOX_REGISTRY": engine.registry, "SANDBOX_BASE": engine.base}


def stop() -> None:
    """End the registry, and the engine with its containers if it is ours; images stay on disk."""
    if processes.alive("dockerd"):
        engine = _known()
        # dockerd and its containerd are told to end at once, too late then to end the containers.
        with suppress(ContainersError):  # an engine that hangs must end all the same
            if running := engine.docker("ps", "--quiet", timeout=30).split():
                engine.docker("kill", *running, timeout=30)
    processes.stop("dockerd")
    processes.stop("registry")


def remove() -> None:
    """End both, and remove what they stored; of an engine that is not ours, the images of our registry."""
    stop()
    engine = _known()
    with suppress(ContainersError):  # it may be gone, with all that it had
        listed = engine.docker("images", "--digests", "--format", "{{json .}}").splitlines()
        images = [json.loads(line) for line in listed]
        ours = [image for image in images if image["Repository"].startswith(f"{engine.registry}/")]
        kept = {image["ID"] for image in images if image not in ours and image["Repository"] != SHARED_BASE}
        ours += [image for image in images if image["Repository"] == SHARED_BASE and image["ID"] not in kept]
        # By digest first: with the last tag of a repository go its digests.
        names = [f"{image['Repository']}@{image['Digest']}" for image in ours if image["Digest"] != _NONE]
        names += [f"{image['Repository']}:{image['Tag']}" for image in ours if image["Tag"] != _NONE]
        if names:
            engine.docker("rmi", *dict.fromkeys(names))
    shutil.rmtree(_folder(), ignore_errors=True)


def _folder() -> Path:
    return layout.RUN / "docker"


def _known() -> Engine:
    host = _own_host() if processes.alive("dockerd") else _present_host()
    return Engine(host=host, registry=f"127.0.0.1:{layout.port('registry')}")


def _own_host() -> str:
    return f"unix://{_folder()}/docker.sock"


def _present_host() -> str:
    """DOCKER_HOST of the engine that the docker client finds by itself, whether it answers or not."""
    question = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    with suppress(ContainersError):
        return _run(question, timeout=30).strip()
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _missing(host: str) -> str | None:
    """Why no Docker engine answers at `host`; None where one does."""
    try:
        _run(["docker", "version"], env={"DOCKER_HOST": host}, timeout=30)
    except ContainersError as error:
        return str(error).splitlines()[-1]
    return None


def _own_engine(say: Callable[[str], object]) -> str:
    if not processes.alive("dockerd"):
        say("Docker engine: starting")
        folder = _folder()
        longest = folder / "exec" / "containerd" / "containerd.sock.ttrpc"
        if len(os.fsencode(longest)) > SOCKET_PATH_MAX:
            raise ContainersError(
                f"{longest} is too long for a socket: set SANDBOX_HOME to a folder with a shorter name"
            )
        folder.mkdir(parents=True, exist_ok=True)
        # Left by an engine that was killed; dockerd refuses to start over it.
        (folder / "docker.pid").unlink(missing_ok=True)
        processes.start(
            "dockerd",
            ["dockerd", "--host", _own_host(), "--data-root", folder / "data", "--exec-root", folder / "exec",
             "--pidfile", folder / "docker.pid"],
            env={"PATH": packages.PATH},
        )  # fmt: skip
    _wait("dockerd", lambda: _missing(_own_host()) is None)
    return _own_host()


def _registry(say: Callable[[str], object]) -> str:
    address = _known().registry
    if not processes.alive("registry"):
        say(f"Registry: starting on {address}")
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "registry.yml"
        config.write_text(
            "version: 0.1\n"
            "log: {level: warn}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '{address}'}}\n"
        )
        processes.start("registry", ["docker-registry", "serve", config])
    _wait("registry", lambda: _serves(f"http://{address}/v2/"))
    return address


def _serves(url: str) -> bool:
    try:
        with _OPEN_LOCALLY.open(url, timeout=5) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _base_image(engine: Engine, say: Callable[[str], object]) -> None:
    """Debian's minimal system as `engine.base`, in the engine and in the registry."""
    if not engine.docker("images", "--quiet", engine.base).strip():
        base = packages.DebianBase()
        run_lanes([[base]])
        with base.tarball.open("rb") as file:
            # Each import makes another image, whose builds share no layer with those of another sandbox.
            shared = f"{SHARED_BASE}:{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
        if not engine.docker("images", "--quiet", shared).strip():
            say("Base image: importing it into the Docker engine")
            # pip and npm bring their own lists of authorities, unless told otherwise.
            trust = f"ENV PIP_CERT={packages.CA_BUNDLE} NODE_EXTRA_CA_CERTS={packages.CA_BUNDLE}"
            engine.docker("import", "--change", trust, str(base.tarball), shared)
        engine.docker("tag", shared, engine.base)
    name, _, tag = BASE.partition(":")
    if not _serves(f"http://{engine.registry}/v2/{name}/manifests/{tag}"):
        engine.docker("push", "--quiet", engine.base)


def _wait(name: str, ready: Callable[[], bool]) -> None:
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


def main(arguments: Sequence[str]) -> int:
    """`up` starts and prints what clients need, `down` stops, `remove` stops and removes what was stored."""
    try:
        if list(arguments) == ["up"]:
            start(lambda line: print(line, file=sys.stderr))
            print("\n".join(f"export {name}={value}" for name, value in environment().items()))
            return 0
        if list(arguments) in (["down"], ["remove"]):
            stop() if arguments[0] == "down" else remove()
            return 0
    except ContainersError as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m sandbox.containers up|down|remove", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
