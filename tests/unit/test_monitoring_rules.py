"""Rules, configuration and dashboards of monitoring, checked by Prometheus' and Alertmanager's own tools.

Nobody serves Grafana to this machine. Its own SDK knows the fields of a dashboard, and drops all others.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.monitoring import config
from components.settings.extras.monitoring import Mail
from tests.unit.conftest import ROOT
from tests.unit.monitoring import DASHBOARDS, FLAVORS, needs_prometheus, panels, queries, run, write

CASES = sorted((Path(__file__).parent / "cases" / "monitoring").glob("*.yaml"))
MAIL = Mail.model_validate(
    {
        "to": ["a@our-lab.edu", "b@our-lab.edu"],
        "sender": "gateway@our-lab.edu",
        "server": "smtp.our-lab.edu:587",
        "user": "gateway",
    }
)
# kube-state-metrics 2.18: docs/metrics/; cert-manager 1.21: pkg/metrics/; kubelet 1.34: pkg/kubelet/metrics/.
OFFERED = {
    "kube_node_created",
    "kube_node_labels",
    "kube_pod_container_state_started",
    "kube_pod_created",
    "kube_pod_info",
    "kube_pod_status_phase",
    "kube_pod_status_scheduled_time",
    "certmanager_certificate_expiration_timestamp_seconds",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
}
"""What they measure of that which is asked here. test_monitoring_hub.py asks a hub for its own."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that Prometheus gets."""
    write(tmp_path / "rules.yml", config.rules(FLAVORS))
    scrape = config.scrape("a-token") | {"rule_files": ["rules.yml"]}
    for job in scrape["scrape_configs"]:
        # Debian's Prometheus is built without the discovery of Kubernetes' nodes.
        if job.pop("kubernetes_sd_configs", None):
            job["authorization"] = {"credentials_file": str(write(tmp_path / "token", "a pod has it"))}
    write(tmp_path / "prometheus.yml", scrape)
    return tmp_path


def names(query: str) -> set[str]:
    """The metrics that a query names."""
    bare = re.sub(r'"[^"]*"', '""', query)
    return set(re.findall(r"\b(?:gateway:|jupyterhub_|kube_|kubelet_|certmanager_)[\w:]+", bare))


def all_rules() -> list[dict[str, Any]]:
    """The rules of all groups."""
    return [rule for group in config.rules(FLAVORS)["groups"] for rule in group["rules"]]


@needs_prometheus
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_rules_do_what_they_say(folder: Path, case: Path) -> None:
    shutil.copy(case, folder)
    run(folder, "promtool", "test", "rules", case.name)


@needs_prometheus
def test_prometheus_takes_rules_and_configuration(folder: Path) -> None:
    assert f"{len(all_rules())} rules found" in run(folder, "promtool", "check", "config", "prometheus.yml")


@needs_prometheus
@pytest.mark.parametrize("mail", [None, MAIL])
@pytest.mark.parametrize("webhook", [{}, {"alertWebhook": "https://chat.our-lab.edu/hook"}])
def test_alertmanager_takes_its_configuration(
    tmp_path: Path, mail: Mail | None, webhook: dict[str, str]
) -> None:
    told = config.alertmanager(mail, {"smtpPassword": "p", **webhook})
    write(tmp_path / "alertmanager.yml", told)
    assert "1 receivers" in run(tmp_path, "amtool", "check-config", "alertmanager.yml")


@needs_prometheus
def test_prometheus_takes_the_dashboards_queries(tmp_path: Path) -> None:
    asked = [{"record": f"query:{i}", "expr": query} for i, query in enumerate(queries())]
    write(tmp_path / "queries.yml", {"groups": [{"name": "queries", "rules": asked}]})
    assert f"{len(asked)} rules found" in run(tmp_path, "promtool", "check", "rules", "queries.yml")


def test_every_alert_has_a_case_and_a_line_in_the_documentation() -> None:
    cases = yaml.safe_load((CASES[0]).read_text(encoding="utf-8"))["tests"]
    tried = {
        check["alertname"] for case in cases for check in case["alert_rule_test"] if check.get("exp_alerts")
    }
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    alerts = {rule["alert"] for rule in all_rules() if "alert" in rule}
    assert tried == alerts == set(re.findall(r"^\| ([A-Z]\w+) \|", page, re.MULTILINE))


def test_what_is_asked_is_offered_or_computed() -> None:
    recorded = {rule["record"] for rule in all_rules() if "record" in rule}
    asked = {name for query in [*queries(), *(rule["expr"] for rule in all_rules())] for name in names(query)}
    assert {name for name in asked if not name.startswith("jupyterhub_")} == OFFERED | recorded & asked
    kept = next(
        job["metric_relabel_configs"][0]["regex"]
        for job in config.read("scrape.yaml")["scrape_configs"]
        if job["job_name"] == "kubelet"
    )
    assert all(re.fullmatch(kept, name) for name in OFFERED if name.startswith("kubelet_"))


def lost(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """The parts of `wanted` that are not in `found`."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from lost(value, found.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for i, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from lost(one, other, f"{path}[{i}]")
    elif wanted != found:
        yield path


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_grafana_knows_every_field_of_the_dashboards(file: Path) -> None:
    register_default_plugins()
    written = json.loads(file.read_text(encoding="utf-8"))
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))
    assert list(lost(written, known)) == []


def test_panels_ask_our_prometheus_and_do_not_overlap() -> None:
    [source] = config.read("grafana.yaml")["datasources"]["datasources.yaml"]["datasources"]
    taken: set[tuple[str, int, int]] = set()
    for name, panel in panels():
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}, panel["title"]
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        cells = {
            (name, x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_dashboards_are_short() -> None:
    for file in DASHBOARDS:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 250, file
