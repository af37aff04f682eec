"""JupyterHub's chart on real nodes: users log in, their servers start, make room, survive and end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import Kubectl, Magnum, eventually
from sandbox.tests.real.hub import NAMESPACE, USER, Gateway, values
from tests.unit.hub_process import Browser

POD = f"jupyter-{USER}"
_IMAGES = """
from sandbox.containers import base, engine, hub, registry, standins
running = engine.Engine(host=engine.start_own(print), registry=registry.start(print))
base.ensure(running, print)
standins.ensure(running, print, ["notebook"])
hub.ensure(running, print)
print(f"{running.registry}/{standins.name('notebook')}")
"""


@pytest.fixture(scope="module")
def image(sandbox_env: dict[str, str]) -> str:
    """What users start; the chart's own images are there too."""
    return run_code(sandbox_env, _IMAGES).splitlines()[-1]


@pytest.fixture(scope="module")
def gateway(image: str, kubectl: Kubectl, magnum: Magnum, cluster: dict[str, Any]) -> Gateway:
    magnum.made_group(cluster["uuid"], "mediums", high=2)
    made = Gateway(kubectl)
    made.install(values(image))
    return made


def start(gateway: Gateway, browser: Browser, profile: str) -> dict[str, Any]:
    """Her pod, once her server answers; one that runs already is taken as it is."""
    if browser.running():
        return gateway.pod(POD) or {}
    assert browser.ask("POST", f"users/{USER}/server", {"profile": profile}).status_code in (201, 202)
    eventually(browser.running)
    return gateway.pod(POD) or {}


def test_images_are_there_before_a_user_is(gateway: Gateway, kubectl: Kubectl, image: str) -> None:
    nodes = kubectl.get("nodes", "-l", "capi.stackhpc.com/node-group=mediums")["items"]
    for node in nodes:
        assert image in [name for found in node["status"]["images"] for name in found["names"]]
    sets = kubectl.get("daemonsets", "-n", NAMESPACE)["items"]
    assert [one["metadata"]["name"] for one in sets] == ["continuous-image-puller"]  # the hook's is done


def test_a_server_is_what_the_values_say_and_pushes_the_placeholder_aside(gateway: Gateway) -> None:
    before = eventually(lambda: gateway.pod("user-placeholder-0")) or {}
    with gateway.browser() as browser:
        pod = start(gateway, browser, "compute")
        page = browser.get(f"{browser.url}/user/{USER}/lab")
        assert (page.status_code, "JupyterLab" in page.text) == (200, True)
    assert pod["spec"]["nodeName"] == before["spec"]["nodeName"]
    assert (gateway.pod("user-placeholder-0") or before)["metadata"]["uid"] != before["metadata"]["uid"]
    assert pod["spec"]["schedulerName"] == "jhub-user-scheduler"
    [notebook] = pod["spec"]["containers"]
    assert notebook["resources"]["limits"] == {"cpu": "6", "memory": str(28 * 2**30)}
    look = ("exec", POD, "-c", "notebook", "-n", NAMESPACE, "--", "python3", "-c", _LOOK)
    seen = json.loads(gateway.kubectl.run(*look))
    assert seen == {
        "files": 8,  # two of each desktop
        "depth": "0",
        "shm": 2 * 2**30,
        "who": [1000, 100],
        "home": True,
        "reached": ["hub:8081", "proxy-public:80"],
    }


_LOOK = """
import json, os, pathlib, shutil, socket
def reached(place):
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True
places = ["hub:8081", "proxy-public:80", "proxy-api:8001", "kubernetes.default.svc:443", "169.254.169.254:80"]
home = pathlib.Path("/home/jovyan")
(home / "kept").touch()
print(json.dumps({
    "files": sum(path.suffix in (".svg", ".json") for path in pathlib.Path("/opt/gateway").rglob("*.*")),
    "depth": os.environ["NBGITPULLER_DEPTH"],
    "shm": shutil.disk_usage("/dev/shm").total,
    "who": [os.getuid(), os.getgid()],
    "home": home.is_mount(),
    "reached": [place for place in places if reached(place)],
}))
"""


def test_a_server_outlives_the_hub(gateway: Gateway, kubectl: Kubectl) -> None:
    with gateway.browser() as browser:
        before = start(gateway, browser, "default")
    kubectl.run("rollout", "restart", "deployment/hub", "-n", NAMESPACE)
    kubectl.run("rollout", "status", "deployment/hub", "-n", NAMESPACE, "--timeout=120s")
    with gateway.browser() as browser:
        assert browser.get(f"{browser.url}/user/{USER}/lab").status_code == 200
    assert (gateway.pod(POD) or {})["metadata"]["uid"] == before["metadata"]["uid"]


def test_an_idle_server_is_stopped(gateway: Gateway, image: str) -> None:
    with gateway.browser() as browser:
        start(gateway, browser, "default")
    gateway.install(values(image, cull={"timeout": 5, "every": 5}))
    eventually(lambda: gateway.pod(POD) is None, timeout_s=120)
