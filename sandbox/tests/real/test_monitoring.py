"""The real Prometheus, Alertmanager and kube-state-metrics in the pods of a gateway that the program made.

Nobody serves Grafana. A pod in its namespace asks what its dashboards would, where its data source is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.charts.versions import GRAFANA, JUPYTERHUB, PROMETHEUS
from components.monitoring.monitoring import ACCOUNT
from sandbox import layout
from sandbox.clusters.controller.workers.nodes import KIND_LABEL, REAL
from sandbox.tests.fixtures import run_code
from sandbox.tests.magnum import eventually
from sandbox.tests.real.told import FILL, HOOK, NO_MORE_PODS, UNRENEWED, Hook, hook
from sandbox.tests.real.watched import IMAGES, Watched, bystander, parse, query, selectors
from tests.lifecycle.hub_secrets import set_secrets
from tests.lifecycle.lifecycle import destroy
from tests.stack import Gateway
from tests.unit.test_monitoring_rules import all_rules

USER, OTHER = "user1", "user2"
HUB, WATCHER, VIEWER = JUPYTERHUB.release, PROMETHEUS.release, GRAFANA.release
SERVERS = ("prometheus-server", "prometheus-alertmanager:9093", "prometheus-kube-state-metrics:8080")
MEASURED_S = 240
"""Scraped every 30 s, after the kubelet has looked at volumes every minute, then computed every 30 s."""
TOLD_S = 180
"""Some seconds until an alert is sent; a kubelet looks at volumes every minute or two."""
NOT_HERE = {"gateway:recent_pod_on_new_node"}
"""Series that are there only where a node came after a user: seldom here."""


@pytest.fixture(scope="module")
def gateway(sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Its alerts go to HOOK. Pods that only ask are beside Prometheus, in Grafana's place, and elsewhere."""
    image = run_code(sandbox_env, IMAGES).splitlines()[-1]
    stack = Gateway.laid_out("seen", tmp_path_factory.mktemp("program"), sandbox_env)
    watched = Watched(stack, image)
    stack.change(watched.settings)
    stack.pulumi("stack", "init")
    set_secrets(stack, {"alertWebhook": f"https://{HOOK}/"})
    stack.up()
    watched.kubectl.apply(
        bystander("twin", WATCHER, **{"app.kubernetes.io/name": "prometheus"}),
        bystander("other", WATCHER),
        bystander("viewer", VIEWER),
        bystander("stranger", "default"),
    )
    for namespace in (WATCHER, VIEWER, "default"):
        watched.kubectl.run("wait", "--for=condition=ready", "pod", "--all", "-n", namespace, "--timeout=60s")
    yield watched
    destroy(stack)


@pytest.fixture(scope="module")
def source(gateway: Watched) -> str:
    """Where Grafana would ask."""
    found = gateway.kubectl.get("configmap", "grafana", "-n", VIEWER)["data"]["datasources.yaml"]
    [source] = yaml.safe_load(found)["datasources"]
    return str(source["url"])


@pytest.fixture(scope="module")
def at_work(gateway: Watched) -> str:
    """The pod of a user whose server runs."""
    browser = gateway.browser(USER)
    assert browser.ask("POST", f"users/{USER}/server", {"profile": "default"}).status_code in (201, 202)
    eventually(browser.running, timeout_s=180)
    return f"jupyter-{USER}"


def values(gateway: Watched, source: str, expression: str) -> dict[str, float]:
    """What an expression is now, by its labels."""
    found = gateway.ask("viewer", VIEWER, query(source, expression))["result"]
    return {
        json.dumps(one["metric"], sort_keys=True): number
        for one in found
        if not math.isnan(number := float(one["value"][1]))
    }


def test_they_are_the_charts_and_run_under_restricted(gateway: Watched, source: str) -> None:
    about = yaml.safe_load((layout.CHARTS / PROMETHEUS.name / "Chart.yaml").read_text(encoding="utf-8"))
    built = gateway.ask("viewer", VIEWER, f"{source}/api/v1/status/buildinfo")
    assert f"v{built['version']}" == about["appVersion"]
    for namespace in (WATCHER, VIEWER):
        labels = gateway.kubectl.get("namespace", namespace)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_all_that_it_asks_answers(gateway: Watched, source: str) -> None:
    jobs = {"jupyterhub", "cert-manager", "kube-state-metrics", "kubelet", "prometheus", "alertmanager"}
    nodes = len(gateway.kubectl.get("nodes", "-l", f"{KIND_LABEL}={REAL}")["items"])
    wanted = {json.dumps({"job": job}): nodes if job == "kubelet" else 1 for job in jobs}
    eventually(lambda: values(gateway, source, "sum by (job) (up)") == wanted, timeout_s=MEASURED_S)
    [manager] = gateway.ask("viewer", VIEWER, f"{source}/api/v1/alertmanagers")["activeAlertmanagers"]
    assert manager["url"] == "http://prometheus-alertmanager:9093/api/v2/alerts"


def test_each_panel_of_the_dashboards_has_an_answer(gateway: Watched, source: str, at_work: str) -> None:
    files = gateway.kubectl.get("configmap", "grafana-dashboards-gateway", "-n", VIEWER)["data"]
    panels = [panel for text in files.values() for panel in json.loads(text)["panels"]]
    asked = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    assert len(asked) > len(files)

    def silent() -> list[str]:
        return [title for title, expression in asked if not values(gateway, source, expression)]

    eventually(lambda: not silent(), timeout_s=MEASURED_S)
    running = 'sum(kube_pod_status_phase{namespace="jhub", pod=~"jupyter-.*", phase="Running"})'
    assert values(gateway, source, running) == {"{}": 1}

    def parts() -> dict[str, float]:
        found = values(gateway, source, "sum by (part) (gateway:start_seconds)")
        return {json.loads(labels)["part"]: seconds for labels, seconds in found.items()}

    eventually(lambda: parts().keys() == {"queue", "pull", "application"}, timeout_s=MEASURED_S)
    assert all(0 <= seconds < 180 for seconds in parts().values())


def test_rules_find_what_they_ask_for(gateway: Watched, source: str, at_work: str) -> None:
    def rules() -> list[dict[str, Any]]:
        groups = gateway.ask("viewer", VIEWER, f"{source}/api/v1/rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    eventually(lambda: {rule["health"] for rule in rules()} == {"ok"}, timeout_s=MEASURED_S)
    wanted = {rule.get("alert") or rule["record"] for rule in all_rules()}
    assert {rule["name"] for rule in rules()} == wanted
    asked = {
        f"{{{series}}}"
        for rule in rules()
        for series in selectors(gateway.ask("viewer", VIEWER, parse(source, rule["query"])))
    }
    assert len(asked) > len(wanted) / 2
    silent = {series for series in asked if not values(gateway, source, series)}
    assert silent <= {f'{{__name__="{name}"}}' for name in NOT_HERE}


def reached(gateway: Watched, pod: str, namespace: str, *places: str) -> list[str]:
    """Those of the places that answer the pod."""
    found = []
    for place in places:
        try:
            gateway.kubectl.run("exec", pod, "-n", namespace, "--", "/answer", f"http://{place}")
        except AssertionError as error:
            assert "context deadline exceeded" in str(error) or "refused" in str(error), place
        else:
            found.append(place)
    return found


def test_it_reaches_the_hub_and_nobody_else_does(gateway: Watched, at_work: str) -> None:
    address = gateway.kubectl.get("pod", at_work, "-n", HUB)["status"]["podIP"]
    hub, others = f"hub.{HUB}:8081/hub/metrics", (f"proxy-api.{HUB}:8001", f"{address}:8888")
    assert reached(gateway, "twin", WATCHER, hub, *others) == [hub]
    for pod, namespace in {"other": WATCHER, "viewer": VIEWER, "stranger": "default"}.items():
        assert reached(gateway, pod, namespace, hub) == []
    told = gateway.kubectl.run("exec", "twin", "-n", WATCHER, "--", "/answer", f"http://{hub}")
    assert "jupyterhub_" not in told, "without the token"


_CONNECT = """
import socket, sys
for place in sys.argv[1:]:
    host, _, port = place.partition(":")
    try:
        socket.create_connection((host, int(port or 80)), timeout=3).close()
        print(place)
    except OSError:
        pass
"""


def test_nobody_reaches_it_but_grafana(gateway: Watched, at_work: str) -> None:
    places = [f"{name.partition(':')[0]}.{WATCHER}:{name.partition(':')[2] or 80}" for name in SERVERS]
    assert reached(gateway, "twin", WATCHER, *places) == places
    assert reached(gateway, "viewer", VIEWER, places[0]) == [places[0]]
    assert reached(gateway, "stranger", "default", *places) == []
    inside = ("exec", at_work, "-n", HUB, "-c", "notebook", "--", "python3", "-c", _CONNECT)
    assert gateway.kubectl.run(*inside, "hub:8081", *places).split() == ["hub:8081"]


@pytest.mark.parametrize(
    "verb",
    ["get nodes --subresource=proxy", "create nodes --subresource=proxy", "list secrets -A", "list pods -A"],
)
def test_it_may_not(gateway: Watched, verb: str) -> None:
    who = f"--as=system:serviceaccount:{ACCOUNT['namespace']}:{ACCOUNT['name']}"
    assert "yes" in gateway.kubectl.run("auth", "can-i", "get", "nodes", "--subresource=metrics", who)
    assert "no" in gateway.kubectl.run("auth", "can-i", *verb.split(), who, code=1)


def test_nothing_changes_the_second_time(gateway: Watched) -> None:
    assert "unchanged" in gateway.stack.up("--expect-no-changes")


@pytest.fixture(scope="module")
def told(gateway: Watched) -> Iterator[Hook]:
    """Who is told of alerts, in seconds. From here on the cluster has not what the program wants."""
    gateway.hasten()
    with hook(gateway) as made:
        yield made


def test_a_home_that_is_almost_full_is_told_of(gateway: Watched, told: Hook, at_work: str) -> None:
    inside = ("exec", at_work, "-n", HUB, "-c", "notebook", "--", "python3", "-c")
    file = "/home/jovyan/large"
    gateway.kubectl.run(*inside, FILL, file)
    eventually(lambda: told.summaries("VolumeFull"), timeout_s=TOLD_S)
    gateway.kubectl.run(*inside, f"import os; os.remove({file!r})")
    eventually(lambda: told.summaries("VolumeFull", "resolved"), timeout_s=TOLD_S)
    assert set(told.summaries("VolumeFull")) == {f"Volume {HUB}/claim-{USER} is almost full"}


def test_a_certificate_that_nobody_renews_is_told_of(gateway: Watched, told: Hook) -> None:
    gateway.kubectl.apply(gateway.key_pair("due", "due.test", days=10), UNRENEWED)
    [said, *_] = eventually(lambda: told.summaries("CertificateExpires"), timeout_s=TOLD_S)
    gateway.kubectl.run("delete", "certificate/due", "secret/due")
    assert said.startswith("Certificate default/due expires in 9d 23h")
    eventually(lambda: told.summaries("CertificateExpires", "resolved"), timeout_s=TOLD_S)


def test_starts_that_fail_are_told_of(gateway: Watched, told: Hook) -> None:
    gateway.kubectl.apply(NO_MORE_PODS)
    browser = gateway.browser(OTHER)
    for _ in range(3):
        assert not told.summaries("FailedStarts")
        browser.ask("POST", f"users/{OTHER}/server", {"profile": "default"})
        eventually(lambda: not browser.starting())
    said = eventually(lambda: told.summaries("FailedStarts"), timeout_s=TOLD_S)
    gateway.kubectl.run("delete", "resourcequota", "closed", "-n", HUB)
    assert said == ["3 starts failed in 15 minutes"]


def test_a_hub_that_is_down_is_told_of_and_one_that_is_back(gateway: Watched, told: Hook) -> None:
    assert not told.summaries("HubDown")
    gateway.kubectl.run("scale", "deployment/hub", "-n", HUB, "--replicas=0")
    eventually(lambda: told.summaries("HubDown"), timeout_s=TOLD_S)
    gateway.kubectl.run("scale", "deployment/hub", "-n", HUB, "--replicas=1")
    eventually(lambda: told.summaries("HubDown", "resolved"), timeout_s=TOLD_S)
