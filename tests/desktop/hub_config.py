"""JupyterHub as on the gateway (shared-password, configurable-http-proxy), whose servers are pods in Docker.

Read by jupyterhub; what differs from run to run comes in the variable GATEWAY_TEST, a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from jupyterhub.spawner import Spawner  # type: ignore[import-untyped]

from sandbox.containers import Engine
from tests.desktop.pods import Pod

GIVEN = json.loads(os.environ["GATEWAY_TEST"])


class PodSpawner(Spawner):  # type: ignore[misc]
    """Starts a user's pod from the profile that the hub values hold for a desktop."""

    def _pod(self) -> Pod:
        return Pod(
            engine=Engine(**GIVEN["engine"]),
            name=f"{GIVEN['prefix']}-{self.user.name}",
            image=GIVEN["notebook"],
            override=GIVEN["override"],
            files=GIVEN["files"],
            scratch=Path(GIVEN["scratch"]),
        )

    async def start(self) -> str:
        env = {key: str(value) for key, value in self.get_env().items()}
        port = await asyncio.to_thread(self._pod().start, ["jupyterhub-singleuser", "--ip=0.0.0.0"], env)
        return f"http://127.0.0.1:{port}"

    async def stop(self, now: bool = False) -> None:
        await asyncio.to_thread(self._pod().stop)

    async def poll(self) -> int | None:
        return None if await asyncio.to_thread(self._pod().running) else 1


c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821
c.JupyterHub.spawner_class = PodSpawner
c.JupyterHub.bind_url = GIVEN["url"]
c.JupyterHub.hub_bind_url = GIVEN["hub_api"]
c.JupyterHub.db_url = "sqlite:///" + str(Path(GIVEN["scratch"]) / "hub.sqlite")
c.JupyterHub.cookie_secret_file = str(Path(GIVEN["scratch"]) / "cookie_secret")
c.ConfigurableHTTPProxy.command = GIVEN["proxy"]
c.ConfigurableHTTPProxy.api_url = GIVEN["proxy_api"]
c.ConfigurableHTTPProxy.pid_file = str(Path(GIVEN["scratch"]) / "proxy.pid")
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allowed_users = set(GIVEN["users"])
c.SharedPasswordAuthenticator.user_password = GIVEN["password"]
c.Spawner.default_url = GIVEN["override"].get("default_url", "/lab")
c.Spawner.http_timeout = 120
c.Spawner.start_timeout = 120
# The pod's own port, not one of the hub's choosing.
c.Spawner.port = 8888
