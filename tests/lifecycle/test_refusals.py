"""Bad input against the real engine and cloud: a clear message, exit not 0, nothing created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.tests.fixtures import connected
from tests.lifecycle.lifecycle import preflight
from tests.stack import Gateway

Change = Callable[[dict[str, Any]], Any]


def setting(key: str, *path: str | int, to: Any) -> Change:
    """A change of one setting, found by its path."""

    def change(config: dict[str, Any]) -> None:
        place: Any = config
        for step in (f"gateway:{key}", *path)[:-1]:
            place = place[step]
        place[(f"gateway:{key}", *path)[-1]] = to

    return change


CASES: dict[str, tuple[Change, str]] = {
    "unknown template": (
        setting("cluster", "template", to="kubernetes-9-99-jammy"),
        "gateway:cluster.template: must be a cluster template of this cloud (kubernetes-1-30-jammy",
    ),
    "unknown flavor": (
        setting("nodeGroups", 0, "flavor", to="m9.huge"),
        "gateway:nodeGroups[0].flavor: must be a flavor of this cloud (g3.large",
    ),
    "unknown zone": (
        setting("zone", to="other.projects.sandbox.localhost."),
        "gateway:zone: must be a DNS zone of this cloud (sbx000001.projects.sandbox.localhost.)",
    ),
    "name that Magnum would rewrite": (
        setting("nodeGroups", 0, "name", to="Big.Nodes"),
        "gateway:nodeGroups[0].name: must be spelled as Magnum would spell it ('big-nodes'), got 'Big.Nodes'",
    ),
    "min over max": (
        setting("nodeGroups", 0, "min", to=21),
        "gateway:nodeGroups[0].max: must be at least min (21), got 20",
    ),
    "profile that does not fit": (
        setting("nodeGroups", 0, "flavor", to="m3.quad"),
        "profile idv: must fit a node of m3.quad",
    ),
    "missing secret": (
        lambda config: config.pop("gateway:adminPassword"),
        "gateway:adminPassword: is a secret that must be set; for example `pulumi config set --secret",
    ),
    "unreachable cloud": (
        lambda config: config.update({"openstack:cloud": "nowhere"}),
        "openstack:cloud: must name a cloud of clouds.yaml that answers (Cloud nowhere was not found",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(new_gateway: Callable[[str], Gateway], cloud: Connection, case: str) -> None:
    change, words = CASES[case]
    gateway = new_gateway("refused-" + str(list(CASES).index(case)))
    gateway.change(change)
    shown = gateway.up(code=1)
    assert words in shown
    assert "Traceback" not in shown
    assert "nothing was changed" in shown
    assert not [c for c in cloud.container_infrastructure_management.clusters() if c.name == gateway.name]
    assert not [ip for ip in cloud.network.ips() if gateway.name in ip.description]


def test_preflight_alone_tells_what_a_preview_would(
    new_gateway: Callable[[str], Gateway], cloud: Connection, sandbox_env: dict[str, str]
) -> None:
    gateway = new_gateway("preflight")
    admin, project = connected(sandbox_env, "sandbox-admin"), str(cloud.current_project_id)
    before = admin.compute.get_quota_set(project).instances

    mistakes, rest = preflight(gateway)
    assert mistakes == "no mistakes\n"
    assert "service units an hour: now 0, floor 16 (8 of it for seats), maximum 168" in rest
    admin.compute.update_quota_set(project, instances=10)
    try:
        _, warnings = preflight(gateway)
        assert "quota of instances: the gateway at its maximum needs 22; of the project's 10" in warnings
        gateway.change(setting("nodeGroups", 0, "min", to=9))
        gateway.change(setting("zone", to="other.projects.sandbox.localhost."))
        mistakes, _ = preflight(gateway, code=1)
        assert "quota of instances: must hold the gateway at its minimum, which needs 11" in mistakes
        assert "gateway:zone: must be a DNS zone of this cloud" in mistakes
    finally:
        admin.compute.update_quota_set(project, instances=before)
