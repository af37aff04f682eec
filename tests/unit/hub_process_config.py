"""JupyterHub's configuration from our values, as the chart's own jupyterhub_config.py makes it.

Read by jupyterhub; what the test gives comes in the variable HUB_PROCESS, a JSON object. Two things differ
from the cluster: a user's server is a process on this machine, and there is no proxy in front of the hub.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyterhub.proxy import Proxy  # type: ignore[import-untyped]
from jupyterhub.spawner import SimpleLocalProcessSpawner  # type: ignore[import-untyped]

GIVEN = json.loads(os.environ["HUB_PROCESS"])
SCRATCH = Path(GIVEN["scratch"])
VALUES = GIVEN["values"]


class NoProxy(Proxy):  # type: ignore[misc]
    """Remembers routes, which nobody follows."""

    should_start = False
    routes: dict[str, Any] = {}  # noqa: RUF012

    async def add_route(self, routespec: str, target: str, data: Any) -> None:
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec: str) -> None:
        self.routes.pop(routespec, None)

    async def get_all_routes(self) -> dict[str, Any]:
        # As the chart's proxy tells of a route over which a picture moves.
        now = datetime.now(UTC).isoformat()
        return {
            path: {**route, "data": {**route["data"], "last_activity": now}}
            for path, route in self.routes.items()
        }


class LocalSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]
    """Starts no server while the file `broken` is there."""

    async def start(self) -> Any:
        if (SCRATCH / "broken").exists():
            raise RuntimeError("no node has room")
        return await super().start()


c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = LocalSpawner
c.JupyterHub.hub_bind_url = GIVEN["url"]
c.JupyterHub.db_url = f"sqlite:///{SCRATCH / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(SCRATCH / "cookie_secret")
c.Spawner.cmd = [sys.executable, str(Path(__file__).with_name("hub_process_server.py"))]
if command := VALUES["singleuser"].get("cmd"):
    c.Spawner.cmd = command
# By it end_servers finds what a hub left.
c.Spawner.env_keep.append("HUB_PROCESS")
c.Spawner.environment = VALUES["singleuser"]["extraEnv"]
c.JupyterHub.active_server_limit = VALUES["hub"]["activeServerLimit"] or 0
c.JupyterHub.concurrent_spawn_limit = VALUES["hub"]["concurrentSpawnLimit"]

# The chart's defaults.
c.CryptKeeper.keys = ["ab" * 32]
c.JupyterHub.cleanup_servers = False
c.JupyterHub.load_roles = []
c.JupyterHub.services = []
c.Spawner.consecutive_failure_limit = VALUES["hub"].get("consecutiveFailureLimit", 5)

for name, role in VALUES["hub"].get("loadRoles", {}).items():
    c.JupyterHub.load_roles.append({"name": name, **role})
for name, service in VALUES["hub"].get("services", {}).items():
    c.JupyterHub.services.append({"name": name, "api_token": service["apiToken"]})
# On in the chart; here for those tests that ask for it.
if (cull := VALUES["cull"]).get("enabled"):
    culler = [sys.executable, "-m", "jupyterhub_idle_culler", f"--url={GIVEN['url']}/hub/api"]
    culler += [f"--timeout={cull['timeout']}", f"--cull-every={cull['every']}", f"--max-age={cull['maxAge']}"]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    c.JupyterHub.services.append({"name": "culler", "command": culler})
    c.JupyterHub.load_roles.append({"name": "culler", "scopes": scopes, "services": ["culler"]})
for name, traits in VALUES["hub"]["config"].items():
    if name != "KubeSpawner":
        c[name].update(traits)
for _, code in sorted(VALUES["hub"].get("extraConfig", {}).items()):
    exec(code)
