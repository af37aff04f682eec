"""The sandbox's cloud: real Keystone, Magnum, Designate and BIND, and a stand-in for the rest."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sandbox import layout, processes
from sandbox.cloud import settings
from sandbox.cloud.services import bind

READY_TIMEOUT_S = 120
LOG_LINES = 15
_SERVICES = {
    "standin": "sandbox.cloud.standin",
    "keystone": "sandbox.cloud.services.keystone",
    "designate": "sandbox.cloud.services.designate",
    "magnum": "sandbox.cloud.services.magnum",
}
"""The module of each, which runs in the services' environment."""


class CloudError(RuntimeError):
    """The cloud did not come up; the message says which service, and where its log is."""


def start(progress: Callable[[str], None]) -> None:
    """Start what does not run yet, and return when all of it answers; `progress` is told each step."""
    settings.write_clouds_yaml()
    progress("cloud: starting BIND, Keystone, Designate, Magnum and the stand-in")
    processes.start(bind.NAME, bind.command())
    for name, module in _SERVICES.items():
        processes.start(name, _python(module), env=_environment())
    for name in (bind.NAME, *_SERVICES):
        _wait_for(name)
    seeded = settings.HOME / "seeded"
    if not seeded.exists():
        progress("cloud: filling it: cluster templates, DNS zone")
        _seed()
        seeded.touch()
    progress(f"cloud: ready, see {layout.CLOUDS_YAML}")


def stop() -> None:
    """End the cloud's services; what they know stays on disk."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(processes.stop, (*_SERVICES, bind.NAME)))


def _python(module: str) -> list[str]:
    # -W: Keystone's libraries warn on each start that eventlet, which we do not use, is deprecated.
    return [str(layout.OPENSTACK_VENV / "bin" / "python"), "-W", "ignore", "-m", module]


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin",  # rndc
        "PYTHONPATH": str(layout.ROOT),
        "NO_PROXY": f"127.0.0.1,localhost,{os.environ.get('NO_PROXY', '')}",
        "XDG_CACHE_HOME": str(layout.CACHE),  # stevedore keeps a list of plugins there
    }


def _wait_for(name: str) -> None:
    """Wait until the service listens, which each does when it is ready to answer."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while processes.alive(name):
        try:
            socket.create_connection(("127.0.0.1", layout.port(name)), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return
    raise CloudError(
        f"{name} does not answer; its log, {processes.log(name)}, ends with:\n{_end_of_log(name)}"
    )


def _end_of_log(name: str) -> str:
    lines = processes.log(name).read_text(errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])


def _seed() -> None:
    command, env = _python("sandbox.cloud.seed"), _environment()
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=layout.ROOT)
    if result.returncode:
        raise CloudError(f"The cloud could not be filled:\n{result.stderr.strip()}")
