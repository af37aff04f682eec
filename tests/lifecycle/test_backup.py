"""`gateway:hub.backup`: snapshots of homes, a home as it was, and what is left of them when the gateway goes.

The job is run here as the CronJob in the cluster says, since nothing runs in the pods of kwok's nodes.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from openstack.connection import Connection

from components.backup.backup import NAME, NAMESPACE, PLACE
from components.cloud.ownership import Owner
from components.cloud.survey import from_pods
from components.homes.metadata import CLAIM
from sandbox.tests.fixtures import connected
from tests.lifecycle.lifecycle import destroy, inventory, log_in, preflight, remove_what_is_left
from tests.lifecycle.test_homes import homes, keep
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]
KEEP = 2


def run_job(gateway: Gateway) -> str:
    """What the CronJob's pod does: its command with its files, variables and Secret; what it prints."""

    def get(kind: str, name: str) -> Any:
        return gateway.kubectl("get", kind, name, "-n", NAMESPACE)

    pod = get("cronjob", NAME)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,), (volume,) = pod["containers"], pod["volumes"]
    files, folder = get("configmap", volume["configMap"]["name"])["data"], gateway.folder / "in-the-pod"
    for item in volume["configMap"]["items"]:
        (folder / item["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / item["path"]).write_text(files[item["key"]], encoding="utf-8")
    secret = get("secret", container["envFrom"][0]["secretRef"]["name"])["data"]
    env = {one["name"]: one["value"].replace(PLACE, str(folder)) for one in container["env"]}
    env |= {key: base64.b64decode(text).decode() for key, text in secret.items()}
    python, *words = container["command"]
    assert python == "python3"
    pod_env = Gateway(name=gateway.name, folder=folder, env=env)
    return pod_env.run(sys.executable, *words).stdout


def kubectl(gateway: Gateway, *words: str) -> None:
    gateway.run("kubectl", "--kubeconfig", str(gateway.kubeconfig), *words)


def restore(gateway: Gateway, *words: str, code: int = 0) -> str:
    """`make restore`; what it prints."""
    done = gateway.run(sys.executable, "-m", "components.restore", gateway.name, *words, code=code)
    return done.stdout + done.stderr


def snapshots(cloud: Connection) -> dict[str, list[str]]:
    """Ids of the snapshots of each claim, oldest first."""
    found: dict[str, list[str]] = {}
    for one in sorted(cloud.block_storage.snapshots(), key=lambda one: str(one.created_at)):
        found.setdefault(one.metadata[CLAIM], []).append(one.id)
    return found


def file_in(gateway: Gateway, claim: str) -> Path:
    """A file in a user's home: the sandbox's volumes are folders."""
    volume = homes(gateway)[claim]["volume"]
    return Path(gateway.env["SANDBOX_HOME"], "run", "volumes", volume, "thesis.txt")


def write(gateway: Gateway, claim: str, text: str) -> None:
    file = file_in(gateway, claim)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_a_pod_is_told_the_same_whatever_was_asked_before(sandbox_env: dict[str, str]) -> None:
    connection, anybody = connected(sandbox_env), Owner("saved", "anywhere")
    wanted: Any = SimpleNamespace(hub=SimpleNamespace(backup=True))
    before = from_pods(connection, wanted, anybody)
    # The first use of a service changes what openstacksdk says of its address.
    assert connection.identity.get("/").ok
    list(connection.block_storage.volumes())
    assert from_pods(connection, wanted, anybody) == before


def test_a_damaged_home_is_restored_from_a_snapshot(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("saved")
    plan = {"schedule": "0 3 * * *", "zone": "America/Denver", "keep": KEEP}
    gateway.change(lambda config: config["gateway:hub"].update({"backup": plan}))
    assert "snapshots: 2 of each home and a new one while it is taken" in preflight(gateway)[1]
    gateway.up()
    log_in(gateway)
    for claim in ("claim-user1", "claim-user2"):
        write(gateway, claim, "chapter one")
    for number in range(KEEP + 1):
        assert "home claim-user1: snapshot " in run_job(gateway)
        write(gateway, "claim-user1", f"damaged {number}")
    # The namespace admits the pod.
    kubectl(gateway, "create", "job", "now", "-n", NAMESPACE, f"--from=cronjob/{NAME}")
    gateway.wait("-n", NAMESPACE, "--for=condition=complete", "job/now")
    taken = snapshots(cloud)
    assert {claim: len(ids) for claim, ids in taken.items()} == {"claim-user1": KEEP, "claim-user2": KEEP}
    gateway.up("--refresh", "--expect-no-changes")

    shown = restore(gateway)
    assert [line.split()[0] for line in shown.splitlines() if line.endswith(" user1")] == taken["claim-user1"]
    assert "the server of user1 runs" in restore(gateway, "user1", code=1)
    assert "no good snapshot of a home of nobody" in restore(gateway, "nobody", code=1)

    kubectl(gateway, "delete", "pod", "-n", "jhub", "jupyter-user1")
    before = homes(gateway)
    assert "home claim-user1 is as it was at" in restore(gateway, "user1", taken["claim-user1"][0])
    after = homes(gateway)
    assert file_in(gateway, "claim-user1").read_text(encoding="utf-8") == "damaged 0"
    former = before["claim-user1"].pop("volume")
    assert after["claim-user1"].pop("volume") != former
    assert after == before, "labels, user and policy are as they were, and the other home is untouched"
    log_in(gateway)
    gateway.up("--refresh", "--expect-no-changes")
    # The former home is nobody's: it has no more snapshots.
    run_job(gateway)
    assert former not in {one.volume_id for one in list(cloud.block_storage.snapshots())[-2:]}
    assert {claim: len(ids) for claim, ids in snapshots(cloud).items()} == dict.fromkeys(taken, KEEP)

    gateway.run("openstack", "volume", "delete", "--purge", former)
    keep(gateway, "homes")
    gateway.up()
    kept = snapshots(cloud)
    destroy(gateway)
    assert snapshots(cloud) == kept, "they stay with the homes"
    assert inventory(cloud)["credentials"] == empty["credentials"]
    gateway.up()
    assert file_in(gateway, "claim-user1").read_text(encoding="utf-8") == "damaged 0"
    keep(gateway)
    gateway.up()
    destroy(gateway)
    assert inventory(cloud) == empty


def test_a_former_home_is_left_for_the_operator_to_delete(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("twice")
    gateway.change(lambda config: config["gateway:hub"].update({"backup": {}}))
    gateway.up()
    log_in(gateway)
    run_job(gateway)
    kubectl(gateway, "delete", "pod", "-n", "jhub", "--all")
    restore(gateway, "user1")
    # Without the setting the snapshots stay, until the gateway goes.
    gateway.change(lambda config: config["gateway:hub"].pop("backup"))
    gateway.up()
    assert set(snapshots(cloud)) == {"claim-user1", "claim-user2"}
    shown = destroy(gateway, code=1)
    assert "audit: 1 left of twice" in shown
    assert snapshots(cloud) == {}
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert inventory(cloud) == empty
