"""A Docker engine and a registry for the gateway's images, and a base image that comes from no registry.

A Docker engine that answers already (DOCKER_HOST or the default socket) is taken as it is. Otherwise Debian's
dockerd is started as root on a unix socket under RUN/docker. It makes the bridge docker0 and its own iptables
rules, which stay until the machine restarts; everything else lies under the sandbox's folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import layout, processes

PACKAGES = ("docker.io", "docker-registry", "iptables", "mmdebstrap")
"""Debian packages of the programs that are started or called here."""
SUITE = "bookworm"
BASE = "debian:12"
"""The base image's name in the registry; made by mmdebstrap from Debian's packages."""
START_TIMEOUT_S = 60

_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
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


def start(say: Callable[[str], object] = print) -> Engine:
    """Engine, registry and base image, each made unless it is there. Raises ContainersError."""
    engine = Engine(host=_existing_engine() or _own_engine(say), registry=_registry(say))
    _base_image(engine, say)
    return engine


def stop() -> None:
    """End the registry, and the engine with its containers if it is ours; images stay on disk."""
    if processes.alive("dockerd"):
        engine = Engine(host=_own_host(), registry="")
        # dockerd and its containerd are told to end at once, too late then to end the containers.
        if running := engine.docker("ps", "--quiet").split():
            engine.docker("kill", *running)
    processes.stop("dockerd")
    processes.stop("registry")


def _folder() -> Path:
    return layout.RUN / "docker"


def _own_host() -> str:
    return f"unix://{_folder()}/docker.sock"


def _existing_engine() -> str | None:
    """DOCKER_HOST of an engine that answers and is not ours; None where there is none."""
    if processes.alive("dockerd"):
        return None
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    return host if host != _own_host() and _answers(host) else None


def _own_engine(say: Callable[[str], object]) -> str:
    _need("dockerd")
    if os.geteuid() != 0:
        raise ContainersError("no Docker engine answers, and only root can start one")
    if not processes.alive("dockerd"):
        say("Docker engine: starting")
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        # Left by an engine that was killed; dockerd refuses to start over it.
        (folder / "docker.pid").unlink(missing_ok=True)
        processes.start(
            "dockerd",
            ["dockerd", "--host", _own_host(), "--data-root", folder / "data", "--exec-root", folder / "exec",
             "--pidfile", folder / "docker.pid"],
        )  # fmt: skip
    _wait("dockerd", lambda: _answers(_own_host()))
    return _own_host()


def _answers(host: str) -> bool:
    try:
        _run(["docker", "version"], env={"DOCKER_HOST": host}, timeout=30)
    except ContainersError:
        return False
    return True


def _registry(say: Callable[[str], object]) -> str:
    _need("docker-registry")
    address = f"127.0.0.1:{layout.port('registry')}"
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
    if not _has(engine, engine.base):
        tarball = layout.CACHE / f"debian-{SUITE}.tar"
        if not tarball.exists():
            _need("mmdebstrap")
            say(f"Base image: Debian {SUITE} from its packages")
            tarball.parent.mkdir(parents=True, exist_ok=True)
            unfinished = tarball.with_suffix(".part.tar")
            # The machine's own certificate authorities: where it trusts a proxy's, builds must trust it too.
            trust = f"--customize-hook=copy-in {_CA_BUNDLE} {_CA_BUNDLE.parent}"
            _run(["mmdebstrap", "--variant=minbase", "--components=main", "--include=ca-certificates", trust,
                  SUITE, str(unfinished)])  # fmt: skip
            unfinished.rename(tarball)
        # pip and npm bring their own lists of authorities, unless told otherwise.
        engine.docker("import", "--change", f"ENV PIP_CERT={_CA_BUNDLE} NODE_EXTRA_CA_CERTS={_CA_BUNDLE}",
                      str(tarball), engine.base)  # fmt: skip
    name, _, tag = BASE.partition(":")
    if not _serves(f"http://{engine.registry}/v2/{name}/manifests/{tag}"):
        engine.docker("push", "--quiet", engine.base)


def _has(engine: Engine, image: str) -> bool:
    return bool(engine.docker("images", "--quiet", image).strip())


def _need(program: str) -> None:
    if shutil.which(program) is None:
        raise ContainersError(f"{program} is missing: apt-get install {' '.join(PACKAGES)}")


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
        raise ContainersError(f"{argv[0]} is missing: apt-get install {' '.join(PACKAGES)}") from error
    except subprocess.TimeoutExpired as error:
        raise ContainersError(f"{' '.join(argv[:2])} did not end within {timeout:.0f} s") from error
    except subprocess.CalledProcessError as error:
        tail = "\n".join((error.stdout + error.stderr).strip().splitlines()[-15:])
        raise ContainersError(f"{' '.join(argv)} failed:\n{tail}") from error
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """`up` starts and prints what clients need, `down` stops."""
    try:
        if list(arguments) == ["up"]:
            engine = start(lambda line: print(line, file=sys.stderr))
            exports = {"DOCKER_HOST": engine.host, "BASE": engine.base, "REGISTRY": engine.registry}
            print("\n".join(f"export {name}={value}" for name, value in exports.items()))
            return 0
        if list(arguments) == ["down"]:
            stop()
            return 0
    except ContainersError as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m sandbox.containers up|down", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
