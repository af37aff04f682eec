"""JupyterHub's configuration from the chart's values, as the chart documents them (https://z2jh.jupyter.org).

JupyterHub runs it in the hub's pod. The Secret `hub` has the values, and the three keys that the chart makes.
"""

# mypy: ignore-errors
import os
from binascii import a2b_hex
from pathlib import Path

import yaml
from tornado.httpclient import AsyncHTTPClient

c = get_config()  # noqa: F821

SECRET = Path("/usr/local/etc/jupyterhub/secret")
HUB_PORT = 8081
values = yaml.safe_load((SECRET / "values.yaml").read_text())
hub, singleuser, scheduling = values["hub"], values["singleuser"], values["scheduling"]
release = os.environ["HELM_RELEASE_NAME"]


def as_list(things):
    """The chart takes many lists as maps too, in the order of their keys."""
    return [things[key] for key in sorted(things)] if isinstance(things, dict) else list(things or [])


# The hub, and the proxy in front of it.
AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.hub_bind_url = f"http://:{HUB_PORT}"
c.JupyterHub.hub_connect_url = f"http://hub:{HUB_PORT}"
c.JupyterHub.db_url = "sqlite://" if hub["db"]["type"] == "sqlite-memory" else "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cookie_secret = a2b_hex((SECRET / "hub.config.JupyterHub.cookie_secret").read_text().strip())
c.CryptKeeper.keys = [(SECRET / "hub.config.CryptKeeper.keys").read_text()]
c.JupyterHub.active_server_limit = hub["activeServerLimit"] or 0
c.JupyterHub.concurrent_spawn_limit = hub["concurrentSpawnLimit"]
c.JupyterHub.last_activity_interval = 60
# Users' servers outlive a restart of the hub.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.load_roles = [{"name": name, **role} for name, role in hub["loadRoles"].items()]
c.JupyterHub.services = [
    {"name": name, "api_token": service["apiToken"]} for name, service in hub["services"].items()
]
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"
c.ConfigurableHTTPProxy.auth_token = (SECRET / "hub.config.ConfigurableHTTPProxy.auth_token").read_text()
c.Spawner.consecutive_failure_limit = hub["consecutiveFailureLimit"]

# Users' servers.
image = singleuser["image"]
c.KubeSpawner.image = f"{image['name']}:{image['tag']}"
c.KubeSpawner.image_pull_policy = image["pullPolicy"]
c.KubeSpawner.image_pull_secrets = [
    secret if isinstance(secret, str) else secret["name"] for secret in values["imagePullSecrets"]
]
c.KubeSpawner.namespace = os.environ["POD_NAMESPACE"]
c.KubeSpawner.common_labels = {
    "app": "jupyterhub",
    "app.kubernetes.io/managed-by": "kubespawner",
    "app.kubernetes.io/name": "jupyterhub",
    "chart": os.environ["HELM_CHART"],
    "heritage": "jupyterhub",
    "release": release,
}
c.KubeSpawner.extra_labels = singleuser["extraLabels"]
c.KubeSpawner.extra_annotations = singleuser["extraAnnotations"]
c.KubeSpawner.environment = singleuser["extraEnv"]
c.KubeSpawner.cmd = singleuser["cmd"]
c.KubeSpawner.default_url = singleuser["defaultUrl"] or ""
c.KubeSpawner.start_timeout = singleuser["startTimeout"]
c.KubeSpawner.uid = singleuser["uid"]
c.KubeSpawner.fs_gid = singleuser["fsGid"]
c.KubeSpawner.allow_privilege_escalation = singleuser["allowPrivilegeEscalation"]
c.KubeSpawner.events_enabled = singleuser["events"]
c.KubeSpawner.cpu_guarantee = singleuser["cpu"]["guarantee"]
c.KubeSpawner.cpu_limit = singleuser["cpu"]["limit"]
c.KubeSpawner.mem_guarantee = singleuser["memory"]["guarantee"]
c.KubeSpawner.mem_limit = singleuser["memory"]["limit"]
c.KubeSpawner.lifecycle_hooks = singleuser["lifecycleHooks"]
c.KubeSpawner.extra_containers = singleuser["extraContainers"]
c.KubeSpawner.profile_list = singleuser["profileList"]

# Where they run.
c.KubeSpawner.node_selector = singleuser["nodeSelector"]
c.KubeSpawner.tolerations = scheduling["userPods"]["tolerations"] + singleuser["extraTolerations"]
purpose = {"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}
match scheduling["userPods"]["nodeAffinity"]["matchNodePurpose"]:
    case "require":
        c.KubeSpawner.node_affinity_required = [{"matchExpressions": [purpose]}]
    case "prefer":
        c.KubeSpawner.node_affinity_preferred = [
            {"weight": 100, "preference": {"matchExpressions": [purpose]}}
        ]
if scheduling["userScheduler"]["enabled"]:
    c.KubeSpawner.scheduler_name = f"{release}-user-scheduler"
if scheduling["podPriority"]["enabled"]:
    c.KubeSpawner.priority_class_name = f"{release}-default-priority"

# Homes, other volumes, and files from the Secret `singleuser`.
storage = singleuser["storage"]
volumes, mounts = [], []
if storage["type"] == "dynamic":
    dynamic = storage["dynamic"]
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.pvc_name_template = dynamic["pvcNameTemplate"]
    c.KubeSpawner.storage_class = dynamic["storageClass"]
    c.KubeSpawner.storage_access_modes = dynamic["storageAccessModes"]
    c.KubeSpawner.storage_capacity = storage["capacity"]
    c.KubeSpawner.storage_extra_labels = storage["extraLabels"]
    home = dynamic["volumeNameTemplate"]
    volumes.append({"name": home, "persistentVolumeClaim": {"claimName": "{pvc_name}"}})
    mounts.append({"name": home, "mountPath": storage["homeMountPath"]})
volumes += as_list(storage["extraVolumes"])
mounts += as_list(storage["extraVolumeMounts"])
if files := singleuser["extraFiles"]:
    volumes.append({"name": "files", "secret": {"secretName": "singleuser"}})
    for name, file in files.items():
        mounts.append({"name": "files", "mountPath": file["mountPath"], "subPath": name})
c.KubeSpawner.volumes, c.KubeSpawner.volume_mounts = volumes, mounts
c.KubeSpawner.init_containers = singleuser["initContainers"]

# Idle servers.
cull = values["cull"]
if cull["enabled"]:
    command = ["python3", "-m", "jupyterhub_idle_culler", f"--url=http://localhost:{HUB_PORT}/hub/api"]
    command += [f"--timeout={cull['timeout']}", f"--cull-every={cull['every']}"]
    command += [f"--concurrency={cull['concurrency']}", f"--max-age={cull['maxAge']}"]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    name = "jupyterhub-idle-culler"
    c.JupyterHub.services.append({"name": name, "command": command})
    c.JupyterHub.load_roles.append({"name": name, "scopes": scopes, "services": [name]})

if values["debug"]["enabled"]:
    c.JupyterHub.log_level = "DEBUG"
    c.Spawner.debug = True

# Last, what overrides all of it: traits of classes by name, then code.
for owner, traits in hub["config"].items():
    c[owner].update(traits)
for name, code in sorted(hub["extraConfig"].items()):
    exec(compile(code, f"hub.extraConfig.{name}", "exec"))  # noqa: S102
