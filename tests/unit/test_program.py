"""What the program asks the engine for: the paper's gateway, wired by outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import rpc

from components.charts.versions import INGRESSES
from components.settings.errors import SettingsError
from tests.unit.conftest import INGRESS_IP, SECRETS, Run, waits_for

Program = Callable[..., Run]


def test_the_papers_cluster_and_node_group(program: Program) -> None:
    recorded = program().recorded
    cluster = recorded.one("openstack:containerinfra/cluster:Cluster")
    assert cluster["name"] == "gw25"
    assert cluster["clusterTemplateId"] == "template-uuid"
    assert (cluster["flavor"], cluster["masterFlavor"]) == ("m3.quad", "m3.quad")
    assert (cluster["masterCount"], cluster["nodeCount"]) == (1, 1)
    group = recorded.one("openstack:containerinfra/nodeGroup:NodeGroup")
    assert (group["name"], group["flavorId"]) == ("mediums", "m3.medium")
    assert (group["nodeCount"], group["minNodeCount"], group["maxNodeCount"]) == (1, 1, 20)


def test_the_gate_of_autoscaling_is_the_clusters_label(program: Program) -> None:
    recorded = program().recorded
    labels = recorded.one("openstack:containerinfra/cluster:Cluster")["labels"]
    assert labels["auto_scaling_enabled"] == "true"
    assert not {"min_node_count", "max_node_count"} & set(labels), "default-worker must not scale"
    own = recorded.one("openstack:containerinfra/nodeGroup:NodeGroup")["labels"]
    assert own == {"gateway_group_attempt": "1"}


def test_the_gate_is_open_for_groups_that_may_scale_later(program: Program) -> None:
    def fixed(config: dict[str, Any]) -> None:
        config["gateway:nodeGroups"][0]["max"] = 1

    labels = program(fixed).recorded.one("openstack:containerinfra/cluster:Cluster")["labels"]
    assert labels["auto_scaling_enabled"] == "true", "Magnum can't change it once the cluster is there"


def test_system_pods_may_leave_a_users_node(program: Program) -> None:
    budgets = program().recorded.of_type("kubernetes:policy/v1:PodDisruptionBudget").values()
    assert {one["metadata"]["namespace"] for one in budgets} == {"kube-system"}
    assert [one["spec"]["maxUnavailable"] for one in budgets] == [1, 1]
    chosen = [one["spec"]["selector"]["matchLabels"] for one in budgets]
    assert chosen == [{"k8s-app": "kube-dns"}, {"app.kubernetes.io/name": "metrics-server"}]


def test_the_dashboard_is_off(program: Program) -> None:
    labels = program().recorded.one("openstack:containerinfra/cluster:Cluster")["labels"]
    assert labels["kube_dashboard_enabled"] == "false"


def test_record_is_fed_by_the_ingress_not_by_the_reserved_address(program: Program) -> None:
    record = program().recorded.one("openstack:dns/recordSet:RecordSet")
    assert record["records"] == [INGRESS_IP]
    assert (record["name"], record["type"], record["ttl"]) == (
        "gw25.abc123456.projects.jetstream-cloud.org.",
        "A",
        3600,
    )


def test_nothing_is_a_resource_that_is_only_read(program: Program) -> None:
    # `up` and `refresh` write other inputs of such a resource, so that `make drift` always shows a change.
    assert not [resource.name for resource in program().recorded.resources if resource.resource_id]


def test_what_has_a_fixed_name_is_deleted_before_it_is_replaced(program: Program, asked: list[Any]) -> None:
    def log_in(config: dict[str, Any]) -> None:
        config["gateway:images"].update({"registry": "registry.test/gateway", "registryUser": "robot"})

    program(log_in, secrets={**SECRETS, "registryPassword": "p"})
    named = [one for one in asked if one.custom and one.type.startswith(("openstack:", "kubernetes:"))]
    assert "gw25-hub-registry" in [one.name for one in named]
    # The cloud gives the address its name.
    assert [one.name for one in named if not one.deleteBeforeReplace] == ["gw25-address-floating-ip"]


def test_a_password_that_users_share_is_warned_of(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    program()
    assert "anyone with the users' password can log in as any of them" in caplog.text


def test_a_site_with_accounts_gets_the_callback_that_is_an_output(program: Program) -> None:
    def change(config: dict[str, Any]) -> None:
        config["gateway:auth"] = {"type": "github", "clientId": "an-id"}

    run = program(change, secrets={"oauthClientSecret": "s"})
    callback = "https://gw25.abc123456.projects.jetstream-cloud.org/hub/oauth_callback"
    assert run.outputs["oauth_callback"] == callback
    config = run.recorded.release("jhub")["values"]["hub"]["config"]
    assert config["OAuthenticator"]["oauth_callback_url"] == callback
    assert run.outputs["hub_admin_password"] is None


@pytest.mark.parametrize("seats", [0, 1])
def test_hub_waits_for_its_users_nodes_only_where_placeholders_run_on_them(
    program: Program, asked: list[Any], seats: int
) -> None:
    program(lambda config: config.update({"gateway:seats": seats}))
    waiting = {one.name: waits_for(one) for one in asked}
    assert "gw25-mediums-magnum" in waiting
    assert ("gw25-mediums-magnum" in waiting["gw25-hub-release"]) == bool(seats)
    assert "gw25-mediums-magnum" not in waiting["gw25-hub-namespace"]


@pytest.mark.parametrize("kind", ["nginx", "traefik"])
def test_every_release_is_atomic_in_a_namespace_of_its_own(program: Program, kind: str) -> None:
    recorded = program(lambda config: config.update({"gateway:ingress": kind})).recorded
    chart = INGRESSES[kind].release
    created = [one["metadata"] for one in recorded.of_type("kubernetes:core/v1:Namespace").values()]
    assert all(one["labels"]["pod-security.kubernetes.io/enforce"] == "restricted" for one in created)
    namespaces = {one["name"] for one in created}
    releases = recorded.of_type("kubernetes:helm.sh/v3:Release").values()
    assert {r["namespace"] for r in releases} == namespaces == {chart, "cert-manager", "jhub"}
    assert all(r["atomic"] for r in releases)
    assert not any(r.get("createNamespace") for r in releases)


def test_charts_come_from_their_repositories_unless_a_folder_is_named(
    program: Program, tmp_path: Path
) -> None:
    release = program().recorded.release("jhub")
    assert (release["chart"], release["version"]) == ("jupyterhub", "4.4.0")
    assert release["repositoryOpts"]["repo"].startswith("https://")
    for name in ("ingress-nginx", "cert-manager", "jupyterhub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").touch()
    local = program(lambda config: config.update({"gateway:charts": str(tmp_path)})).recorded.release("jhub")
    assert local["chart"] == f"{tmp_path}/jupyterhub"
    assert "repositoryOpts" not in local


@pytest.mark.parametrize(("kind", "chart"), [("nginx", "ingress-nginx"), ("traefik", "traefik")])
def test_a_folder_without_the_charts_is_refused(
    program: Program, tmp_path: Path, kind: str, chart: str
) -> None:
    (tmp_path / "jupyterhub").mkdir()
    (tmp_path / "jupyterhub" / "Chart.yaml").touch()
    with pytest.raises(SettingsError) as refused:
        program(lambda config: config.update({"gateway:charts": str(tmp_path), "gateway:ingress": kind}))
    rule = f"must be a folder with the charts {chart}, cert-manager; it has no Chart.yaml of them"
    assert f"gateway:charts: {rule}, got '{tmp_path}'" in str(refused.value)


def test_hub_has_host_issuer_and_node_groups(program: Program) -> None:
    values = program().recorded.release("jhub")["values"]
    host = "gw25.abc123456.projects.jetstream-cloud.org"
    assert values["ingress"]["hosts"] == [host]
    assert values["ingress"]["ingressClassName"] == "nginx"
    assert values["singleuser"]["nodeSelector"] == {"capi.stackhpc.com/node-group": "mediums"}
    assert values["hub"]["nodeSelector"] == {"capi.stackhpc.com/node-group": "default-worker"}


def test_homes_stand_between_the_hubs_namespace_and_the_hub(program: Program) -> None:
    def keep(config: dict[str, Any]) -> None:
        config["gateway:keep"] = ["homes"]

    def forget(config: dict[str, Any]) -> None:
        config["gateway:hub"]["storage"] = {"type": "none"}

    commands = program(keep).recorded.of_type("command:local:Command")
    homes = commands["gw25-hub-homes-volumes"]
    assert homes["environment"] == {
        "GATEWAY": "gw25",
        "STACK": "gateway/dev",
        "CLUSTER_ID": "gw25-magnum-id",
        "NAMESPACE": "jhub",
        "STORAGE_CLASS": "default",
        "SIZE_GIB": "10",
        "OS_CLOUD": "openstack",
    }
    assert homes["triggers"] == ["gw25-magnum-id"], "a new cluster takes back what the old one had"
    assert homes["stdin"] == "stdout of gw25-kubeconfig"
    assert homes["delete"] == "python3 -m components.task homes keep"
    assert homes["update"] == "python3 -m components.task homes grow"
    commands = program().recorded.of_type("command:local:Command")
    assert "delete" not in commands["gw25-hub-homes-volumes"]
    assert "gw25-hub-homes-volumes" not in program(forget).recorded.of_type("command:local:Command")


def test_the_hub_is_given_the_cookie_secret_as_a_secret(program: Program) -> None:
    recorded = program(secrets={**SECRETS, "cookieSecret": "ab" * 32}).recorded
    assert recorded.release("jhub")["values"]["hub"]["cookieSecret"] == "ab" * 32
    (raw,) = [r.inputs["values"] for r in recorded.resources if r.inputs.get("name") == "jhub"]
    assert rpc.is_rpc_secret(raw)


def test_outputs(program: Program) -> None:
    outputs = program().outputs
    host = "gw25.abc123456.projects.jetstream-cloud.org"
    assert (outputs["url"], outputs["fqdn"], outputs["ingress_ip"]) == (f"https://{host}", host, INGRESS_IP)
    assert outputs["node_groups"] == ["mediums"]
    assert outputs["hub_admin"] == "admin1"
    assert outputs["hub_admin_password"] == SECRETS["adminPassword"]
    assert outputs["kubeconfig"] == "stdout of gw25-kubeconfig"
    assert outputs["certificate"] == "stdout of gw25-certificate-ready"
    assert set(outputs["images"]) == {"pyaos", "idv-cave", "hawkeye"}


def test_service_units_are_the_papers(program: Program) -> None:
    # 16 SU/h idle is the paper's figure: m3.quad twice, m3.medium once; 20 m3.medium at the most.
    assert program().outputs["su_per_hour"] == {"floor": 16, "maximum": 168}


def test_a_flavor_without_a_price_is_a_warning(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warnings.append(text))

    def other(config: dict[str, Any]) -> None:
        config["gateway:nodeGroups"] = [{"name": "mediums", "flavor": "m9.medium", "max": 2}]

    unknown = "not known: components/site.yaml has no price for m9.medium"
    assert program(other).outputs["su_per_hour"] == unknown
    assert f"su_per_hour is {unknown}" in warnings
