"""The pods that KubeSpawner makes of the profiles: what a scientist's session really is on the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.cluster.nodegroup import NODE_GROUP_LABEL
from components.hub.catalogue import load_catalogue
from tests.unit.conftest import FLAVORS
from tests.unit.hub import CATALOGUE, amount, make_values, pod, requested, schema_errors

SLUGS = ["default", "compute", *CATALOGUE.desktops]
DESKTOPS = list(CATALOGUE.desktops)
SMALLEST = Path(__file__).parent / "cases" / "catalogue" / "smallest.happy.yaml"


def made(slug: str, **changes: Any) -> dict[str, Any]:
    """The pod of the profile `slug`."""
    return pod(make_values(**changes), slug)


def containers(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {container["name"]: container for container in pod["spec"]["containers"]}


def volumes(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {volume["name"]: volume for volume in pod["spec"]["volumes"]}


def mounts(container: dict[str, Any]) -> dict[str, str]:
    """Where a container has its volumes, by the volume's name; files are left out."""
    return {m["name"]: m["mountPath"] for m in container["volumeMounts"] if m["name"] != "files"}


def environment(container: dict[str, Any]) -> dict[str, str | None]:
    return {variable["name"]: variable.get("value") for variable in container["env"]}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_pod_fits_its_node_and_stays_there(slug: str) -> None:
    found = made(slug)
    assert found["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "mediums"}
    annotations = found["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert requested(found).fits(FLAVORS["m3.medium"].room)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_container_has_what_it_asks_for_and_no_privilege(slug: str) -> None:
    found = made(slug)
    security = found["spec"]["securityContext"]
    assert security == {
        "fsGroup": 100,
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for container in found["spec"]["containers"]:
        security = container["securityContext"]
        assert security["runAsUser"] == 1000
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        resources = container["resources"]
        for what in ("cpu", "memory"):
            assert amount(resources["requests"][what]) == amount(resources["limits"][what])


@pytest.mark.parametrize("slug", DESKTOPS)
def test_a_desktop_shares_home_and_socket_with_its_notebook_only(slug: str) -> None:
    found = made(slug)
    parts = containers(found)
    assert set(parts) == {"notebook", "desktop"}
    shared = {"home": "/home/jovyan", "desktop-socket": "/shared", "shm": "/dev/shm"}
    assert mounts(parts["notebook"]) == shared
    assert mounts(parts["desktop"]) == shared | {"desktop-tmp": "/tmp"}
    assert volumes(found)["desktop-socket"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Mi"}
    assert "persistentVolumeClaim" in volumes(found)["home"]


@pytest.mark.parametrize("slug", DESKTOPS)
def test_a_desktop_runs_as_its_user_and_is_ready_with_its_socket(slug: str) -> None:
    desktop = containers(made(slug))["desktop"]
    assert desktop["securityContext"]["runAsGroup"] == 100
    assert desktop["securityContext"]["runAsNonRoot"] is True
    assert desktop["securityContext"]["readOnlyRootFilesystem"] is True
    assert "ports" not in desktop
    assert desktop["readinessProbe"]["exec"]["command"] == ["start-desktop", "check"]
    assert environment(desktop) == {"VNC_SOCKET": "/shared/vnc.sock"}
    assert desktop["args"] == CATALOGUE.desktops[slug].command


@pytest.mark.parametrize("slug", DESKTOPS)
def test_the_tile_of_a_desktop_is_found_in_its_notebook_alone(slug: str) -> None:
    values = make_values()
    folder = environment(containers(pod(values, slug))["notebook"])["JUPYTER_CONFIG_PATH"]
    files = {file["mountPath"]: file["stringData"] for file in values["singleuser"]["extraFiles"].values()}
    config = json.loads(files[f"{folder}/jupyter_server_config.json"])
    (server,) = config["ServerProxy"]["servers"].values()
    assert server["unix_socket"] == "/shared/vnc.sock"
    assert server["raw_socket_proxy"] is True
    assert server["launcher_entry"]["title"] == CATALOGUE.desktops[slug].title
    assert server["launcher_entry"]["icon_path"] in files
    assert "JUPYTER_CONFIG_PATH" not in environment(containers(pod(values, "default"))["notebook"])


def test_without_a_volume_the_home_is_shared_all_the_same() -> None:
    found = made("idv", storage={"type": "none"})
    assert volumes(found)["home"]["emptyDir"] == {"sizeLimit": "10Gi"}
    assert {mounts(part)["home"] for part in containers(found).values()} == {"/home/jovyan"}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_full_volume_never_evicts_the_pod(slug: str) -> None:
    # The kubelet evicts a pod whose emptyDir on disk outgrows its limit. One in memory is full then.
    found = made(slug)
    in_pod = {name: volume["emptyDir"] for name, volume in volumes(found).items() if "emptyDir" in volume}
    assert set(in_pod) == {"desktop-socket", "desktop-tmp", "shm"}
    assert all(volume["medium"] == "Memory" and volume["sizeLimit"] for volume in in_pod.values())


def test_full_volumes_leave_a_gib_of_memory_in_the_smallest_desktop() -> None:
    catalogue = load_catalogue(SMALLEST)
    found = pod(make_values(catalogue=catalogue), "panoply")
    for name, container in containers(found).items():
        # The third one in memory holds nothing but the socket.
        held = [
            volumes(found)[volume]["emptyDir"]
            for volume in mounts(container)
            if volume in ("shm", "desktop-tmp")
        ]
        total = sum(amount(volume["sizeLimit"]) for volume in held)
        assert total + 2**30 == amount(container["resources"]["limits"]["memory"]), name


@pytest.mark.parametrize("slug", SLUGS)
def test_a_home_is_left_as_its_next_start_wants_it(slug: str) -> None:
    # Without these bits the kubelet goes through all files, OnRootMismatch or not (requiresPermissionChange).
    hook = containers(made(slug))["notebook"]["lifecycle"]["preStop"]
    assert hook == {"exec": {"command": ["chmod", "g+rwxs", "/home/jovyan"]}}


def test_idv_and_cave_are_one_image() -> None:
    idv, cave, hawkeye = (containers(made(slug))["desktop"]["image"] for slug in ("idv", "cave", "hawkeye"))
    assert idv == cave != hawkeye


@pytest.mark.parametrize("slug", SLUGS)
def test_a_pod_pulls_all_its_images_with_the_registrys_login(slug: str) -> None:
    values = make_values(pull_secret="gateway-registry")
    assert schema_errors(values) == []
    assert pod(values, slug)["spec"]["imagePullSecrets"] == [{"name": "gateway-registry"}]
    assert not made(slug)["spec"].get("imagePullSecrets")
