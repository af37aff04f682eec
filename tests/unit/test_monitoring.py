"""Prometheus and Grafana, where `gateway:monitoring.enabled` is true: what the engine is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import mocks, rpc

from components.charts.versions import CERT_MANAGER, GRAFANA, JUPYTERHUB, PROMETHEUS
from components.monitoring import config
from components.monitoring.monitoring import ACCOUNT
from components.settings.errors import SettingsError
from tests.unit.conftest import ROOT, SECRETS, Run

Program = Callable[..., Run]
MAIL = {"to": ["ops@our-lab.edu"], "sender": "gateway@our-lab.edu", "server": "smtp.our-lab.edu:587"}
TOKEN = "stdout of gw25-hub-metrics-token"
WEBHOOK = "https://chat.our-lab.edu/hooks/abc"


def on(**more: Any) -> Callable[[dict[str, Any]], None]:
    """A gateway with monitoring."""
    return lambda config: config.update({"gateway:monitoring": {"enabled": True, **more}})


def files(run: Run, name: str) -> dict[str, Any]:
    """The files in a Secret of monitoring."""
    secret = run.recorded.of_type("kubernetes:core/v1:Secret")[f"gw25-monitoring-{name}"]
    return {file: json.loads(text) for file, text in secret["stringData"].items()}


def test_it_is_off_by_default(program: Program) -> None:
    recorded = program().recorded
    names = [resource.name for resource in recorded.resources if "monitoring" in resource.name]
    assert names == ["gw25-monitoring"], "the component, without children"
    hub = recorded.release("jhub")["values"]["hub"]
    assert "services" not in hub
    assert "networkPolicy" not in hub
    assert "gw25-hub-metrics-token" not in recorded.of_type("command:local:Command")


def test_two_releases_in_restricted_namespaces_on_the_core(program: Program) -> None:
    recorded = program(on()).recorded
    spaces = {
        one["metadata"]["name"]: one["metadata"]["labels"]
        for one in recorded.of_type("kubernetes:core/v1:Namespace").values()
    }
    core = {"capi.stackhpc.com/node-group": "default-worker"}
    for chart in (PROMETHEUS, GRAFANA):
        assert spaces[chart.release]["pod-security.kubernetes.io/enforce"] == "restricted"
        release = recorded.release(chart.release)
        assert (release["chart"], release["version"]) == (chart.name, chart.version)
        assert release["atomic"]
    values = recorded.release("prometheus")["values"]
    for part in (values["server"], values["alertmanager"], values["kube-state-metrics"]):
        assert part["nodeSelector"] == core
    assert recorded.release("grafana")["values"]["nodeSelector"] == core


def test_the_volume_is_as_large_as_asked_and_never_full(program: Program) -> None:
    server = program(on(sizeGib=20, retentionDays=7)).recorded.release("prometheus")["values"]["server"]
    assert server["persistentVolume"] == {"size": "20Gi", "storageClass": "default"}
    assert (server["retention"], server["retentionSize"]) == ("7d", "16384MB")


def test_prometheus_reads_the_hub_with_a_token_that_nobody_else_has(program: Program) -> None:
    run = program(on())
    hub = run.recorded.release("jhub")["values"]["hub"]
    assert hub["services"] == {"prometheus": {"apiToken": TOKEN}}
    assert hub["loadRoles"]["prometheus"] == {"scopes": ["read:metrics"], "services": ["prometheus"]}
    assert hub["loadRoles"]["admin"], "the admins' role stays"
    [job] = [
        job
        for job in files(run, "prometheus-config")["prometheus.yml"]["scrape_configs"]
        if job["job_name"] == "jupyterhub"
    ]
    assert job["authorization"] == {"credentials": TOKEN}


def test_no_secret_is_in_values_and_all_are_marked(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    marked: dict[str, bool] = {}
    register = mocks.MockMonitor.RegisterResource

    def record(monitor: mocks.MockMonitor, request: Any) -> Any:
        if request.type == "kubernetes:core/v1:Secret":
            given = rpc.deserialize_properties(request.object, keep_unknowns=True)
            marked[request.name] = all(rpc.is_rpc_secret(text) for text in given["stringData"].values()) or (
                rpc.is_rpc_secret(given["stringData"])
            )
        return register(monitor, request)  # type: ignore[no-untyped-call]  # as in the SDK

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", record)
    secrets = {**SECRETS, "smtpPassword": "p4ssw0rd", "alertWebhook": WEBHOOK}
    run = program(on(mail={**MAIL, "user": "gateway"}), secrets=secrets)
    told = files(run, "alertmanager-config")["alertmanager.yml"]
    [receiver] = told["receivers"]
    [mail] = receiver["email_configs"]
    assert (mail["to"], mail["smarthost"]) == ("ops@our-lab.edu", "smtp.our-lab.edu:587")
    assert (mail["auth_username"], mail["auth_password"]) == ("gateway", "p4ssw0rd")
    assert receiver["webhook_configs"] == [{"url": WEBHOOK}]
    values = json.dumps(run.recorded.release("prometheus")["values"])
    for secret in ("p4ssw0rd", WEBHOOK, TOKEN):
        assert secret not in values
    assert marked["gw25-monitoring-alertmanager-config"]


def test_a_changed_configuration_makes_new_pods_of_its_program_only(program: Program) -> None:
    def sums(**more: Any) -> tuple[str, str]:
        values = program(on(**more)).recorded.release("prometheus")["values"]
        server, alertmanager = (values[part]["podAnnotations"] for part in ("server", "alertmanager"))
        return server["checksum/config"], alertmanager["checksum/config"]

    before, after = sums(), sums(mail=MAIL)
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert sums() == before


def test_a_mail_user_needs_a_password(program: Program) -> None:
    with pytest.raises(SettingsError) as refused:
        program(on(mail={**MAIL, "user": "gateway"}))
    assert "gateway:smtpPassword: is a secret that must be set" in str(refused.value)


def test_alerts_that_nobody_gets_are_warned_of(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    said = "gateway:monitoring tells nobody"
    program(on(mail=MAIL))
    program(on(), secrets={**SECRETS, "alertWebhook": WEBHOOK})
    assert said not in caplog.text
    program(on())
    assert said in caplog.text


def test_nobody_but_each_other_and_grafana_reaches_prometheus(program: Program) -> None:
    policies = program(on()).recorded.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    spec = policies["gw25-monitoring-prometheus-policy"]["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress"])
    [rule] = spec["ingress"]
    grafana = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "grafana"}}}
    assert rule == {"from": [{"podSelector": {}}, grafana]}
    assert policies["gw25-monitoring-grafana-policy"]["spec"]["ingress"] == []


def test_the_hub_lets_in_prometheus_pods_only(program: Program) -> None:
    policy = program(on()).recorded.release("jhub")["values"]["hub"]["networkPolicy"]
    assert set(policy) == {"ingress"}, "the chart's own rules stay"
    [[peer]] = [rule["from"] for rule in policy["ingress"]]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": PROMETHEUS.release}
    assert peer["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": PROMETHEUS.name}


def test_targets_have_the_names_of_the_releases() -> None:
    targets = [
        target
        for job in config.read("scrape.yaml")["scrape_configs"]
        for one in job.get("static_configs", [])
        for target in one["targets"]
    ]
    spaces = {name.partition(":")[0].partition(".")[2] for name in targets} - {""}
    assert spaces == {JUPYTERHUB.release, CERT_MANAGER.release}
    [source] = config.read("grafana.yaml")["datasources"]["datasources.yaml"]["datasources"]
    assert source["url"] == f"http://{PROMETHEUS.release}-server.{PROMETHEUS.release}"
    queries = (ROOT / "components/monitoring/rules.yaml").read_text(encoding="utf-8")
    assert f'namespace="{JUPYTERHUB.release}"' in queries


def test_prometheus_may_only_find_nodes_and_read_their_metrics(program: Program) -> None:
    run = program(on())
    role = run.recorded.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
    rules = role["gw25-monitoring-role"]["rules"]
    allowed = {resource: rule["verbs"] for rule in rules for resource in rule["resources"]}
    assert allowed == {"nodes": ["list", "watch"], "nodes/metrics": ["get"]}
    bound = run.recorded.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding")
    binding = bound["gw25-monitoring-binding"]
    assert binding["roleRef"]["name"] == role["gw25-monitoring-role"]["metadata"]["name"]
    assert binding["subjects"] == [ACCOUNT]
    assert run.recorded.release("prometheus")["values"]["rbac"] == {"create": False}


def test_a_folder_needs_its_charts_only_where_it_is_on(program: Program, tmp_path: Path) -> None:
    for name in ("ingress-nginx", "cert-manager", "jupyterhub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").touch()
    program(lambda settings: settings.update({"gateway:charts": str(tmp_path)}))
    with pytest.raises(SettingsError) as refused:
        program(lambda settings: (settings.update({"gateway:charts": str(tmp_path)}), on()(settings)))
    assert "a folder with the charts prometheus, grafana" in str(refused.value)


def test_values_name_the_charts_that_they_are_written_for() -> None:
    for chart in (PROMETHEUS, GRAFANA):
        text = (ROOT / f"components/monitoring/{chart.name}.yaml").read_text(encoding="utf-8")
        assert f"(chart {chart.version})" in text.splitlines()[0]
        assert yaml.safe_load(text)
