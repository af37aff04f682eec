"""What the tests of the sandbox's cloud share."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import HttpException
from openstack.identity.v3._proxy import Proxy
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox.tests.fixtures import connected

ZONE = "sbx000001.projects.sandbox.localhost."


def until(read: Callable[[], Any], wanted: Any, seconds: float = 30) -> None:
    """Wait until `read` gives `wanted`; the test fails when that takes too long."""

    def differs(seen: Any) -> bool:
        return bool(seen != wanted)

    retry(retry=retry_if_result(differs), stop=stop_after_delay(seconds), wait=wait_fixed(0.2))(read)()


def admin(env: dict[str, str]) -> Connection:
    """A sandbox's cloud, as its administrator sees it."""
    return connected(env, "sandbox-admin")


def keystone(cloud: Connection) -> Proxy:
    """Keystone's part of a connection."""
    assert isinstance(cloud.identity, Proxy)
    return cloud.identity


def endpoint(cloud: Connection, service_type: str) -> str:
    """The address of a service in the catalogue."""
    return str(cloud.session.get_endpoint(service_type=service_type, region_name="IU"))


def said(error: HttpException) -> str:
    """The body of the answer that made the client raise `error`."""
    assert error.response is not None
    return str(error.response.text)


def dig(env: dict[str, str], name: str) -> str:
    """What the sandbox's BIND answers for the A records of `name`."""
    port = json.loads((Path(env["SANDBOX_HOME"]) / "run" / "ports.json").read_text())["bind"]
    asked = ["dig", "+short", "@127.0.0.1", "-p", str(port), name]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def network(cloud: Connection, name: str) -> str:
    """The id of a network."""
    return str(cloud.network.find_network(name, ignore_missing=False).id)


def subnet(cloud: Connection) -> str:
    """The id of the project's own subnet."""
    return str(cloud.network.find_subnet("auto_allocated_subnet_v4", ignore_missing=False).id)
