"""The stand-in charts are named and made as the real ones, and refuse what those refuse."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
import yaml

from components.charts.versions import (
    CERT_MANAGER,
    CHARTS,
    GRAFANA,
    HOME_NFS,
    INGRESS_NGINX,
    JUPYTERHUB,
    PROMETHEUS,
    TRAEFIK,
    Chart,
)
from components.cluster.nodegroup import NODE_GROUP_LABEL
from components.files.file_server import SERVICE, file_server_values
from components.monitoring import config
from components.monitoring.monitoring import ACCOUNT
from components.settings.extras.monitoring import Monitoring
from components.settings.hub import Hub
from sandbox import layout
from sandbox.tests.charts import helm, needs_helm, rendered

pytestmark = needs_helm


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_name_and_version_are_the_real_ones_and_it_says_what_it_is(chart: Chart) -> None:
    about = yaml.safe_load((layout.CHARTS / chart.name / "Chart.yaml").read_text(encoding="utf-8"))
    assert (about["name"], about["version"]) == (chart.name, chart.version)
    assert "STAND-IN" in about["description"]
    assert "STAND-IN" in (layout.CHARTS / chart.name / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    assert helm("lint", "--strict", str(layout.CHARTS / chart.name)).returncode == 0


def test_the_hub_signs_cookies_with_what_it_is_given_or_with_its_own() -> None:
    def signing(**values: str) -> str:
        secret = rendered(JUPYTERHUB, "jhub", {"hub": values})["Secret", "hub"]
        return base64.b64decode(secret["data"]["hub.config.JupyterHub.cookie_secret"]).decode()

    assert signing(cookieSecret="ab" * 32) == "ab" * 32
    assert re.fullmatch("[0-9a-f]{64}", signing())
    assert signing() != signing()


def test_ingress_nginx_is_made_as_asked() -> None:
    service = {"loadBalancerIP": "203.0.113.7", "annotations": {"a/b": "true"}}
    selector = {NODE_GROUP_LABEL: "default-worker"}
    values = {"controller": {"nodeSelector": selector, "service": service}}
    objects = rendered(INGRESS_NGINX, "ingress-nginx", values)
    made = objects["Service", "ingress-nginx-controller"]
    assert (made["spec"]["type"], made["spec"]["loadBalancerIP"]) == ("LoadBalancer", "203.0.113.7")
    assert made["metadata"]["annotations"] == {"a/b": "true"}
    pods = objects["Deployment", "ingress-nginx-controller"]["spec"]["template"]["spec"]
    assert pods["nodeSelector"] == selector | {"kubernetes.io/os": "linux"}
    assert ("IngressClass", "nginx") in objects


def test_traefik_is_made_as_asked() -> None:
    service = {
        "spec": {"loadBalancerIP": "203.0.113.7", "externalTrafficPolicy": "Local"},
        "annotations": {"a/b": "true"},
    }
    timeouts = {"transport": {"respondingTimeouts": {"readTimeout": "1h"}}}
    values = {
        "nodeSelector": {NODE_GROUP_LABEL: "default-worker"},
        "ingressClass": {"name": "nginx"},
        "providers": {"kubernetesIngressNGINX": {"enabled": True, "publishService": {"enabled": True}}},
        "ports": {"websecure": timeouts},
        "service": service,
    }
    objects = rendered(TRAEFIK, "traefik", values)
    made = objects["Service", "traefik"]
    assert made["spec"]["type"] == "LoadBalancer"
    assert made["spec"].items() >= service["spec"].items()
    assert made["metadata"]["annotations"] == {"a/b": "true"}
    pods = objects["Deployment", "traefik"]["spec"]["template"]["spec"]
    assert pods["nodeSelector"] == {NODE_GROUP_LABEL: "default-worker"}
    assert {
        "--entryPoints.websecure.transport.respondingTimeouts.readTimeout=1h",
        "--providers.kubernetesingress",
        "--providers.kubernetesingressnginx.controllerclass=k8s.io/ingress-nginx",
        "--providers.kubernetesingressnginx.publishservice=traefik/traefik",
    } <= set(pods["containers"][0]["args"])
    assert objects["IngressClass", "nginx"]["spec"]["controller"] == "traefik.io/ingress-controller"


def test_cert_manager_is_made_as_asked() -> None:
    pinned = {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}
    values = {"crds": {"enabled": True}, **pinned, "webhook": pinned, "cainjector": pinned}
    objects = rendered(CERT_MANAGER, "cert-manager", values)
    for name in ("cert-manager", "cert-manager-webhook", "cert-manager-cainjector"):
        pods = objects["Deployment", name]["spec"]["template"]["spec"]
        assert "node-role.kubernetes.io/control-plane" in pods["nodeSelector"]
    [watched] = objects["Service", "cert-manager"]["spec"]["ports"]
    assert watched["port"] == 9402
    kinds = [found["spec"] for (kind, _), found in objects.items() if kind == "CustomResourceDefinition"]
    assert {spec["names"]["kind"] for spec in kinds} == {
        "Certificate",
        "CertificateRequest",
        "Issuer",
        "ClusterIssuer",
        "Order",
        "Challenge",
    }
    assert all(spec["versions"][0]["subresources"] == {"status": {}} for spec in kinds)
    assert not [kind for kind, _ in rendered(CERT_MANAGER, "cert-manager", {}) if "Definition" in kind]


def test_without_real_nodes_no_webhook_is_asked() -> None:
    kinds = {kind for kind, _ in rendered(CERT_MANAGER, "cert-manager", {"crds": {"enabled": True}})}
    assert not {kind for kind in kinds if kind.endswith("WebhookConfiguration")}


def test_cert_manager_may_do_what_the_real_chart_lets_it() -> None:
    objects = rendered(CERT_MANAGER, "cert-manager", {})
    bound = {name for kind, name in objects if kind in ("RoleBinding", "ClusterRoleBinding")}
    assert {"cert-manager-controller-challenges", "cert-manager-webhook:dynamic-serving"} <= bound
    [account] = objects["ClusterRoleBinding", "cert-manager-controller-orders"]["subjects"]
    assert account == {"kind": "ServiceAccount", "name": "cert-manager", "namespace": "cert-manager"}
    rules = objects["ClusterRole", "cert-manager-controller-challenges"]["rules"]
    assert any("pods" in rule["resources"] and "create" in rule["verbs"] for rule in rules)


def test_prometheus_is_made_as_asked() -> None:
    asked = Monitoring.model_validate({"enabled": True, "sizeGib": 3, "retentionDays": 7})
    selector = {NODE_GROUP_LABEL: "default-worker"}
    objects = rendered(PROMETHEUS, "prometheus", config.prometheus_values(asked, "default", selector))
    claim = objects["PersistentVolumeClaim", "prometheus-server"]["spec"]
    assert claim["resources"]["requests"] == {"storage": "3Gi"}
    assert claim["storageClassName"] == "default"
    server = objects["Deployment", "prometheus-server"]["spec"]["template"]["spec"]
    [container] = server["containers"]
    assert {"--storage.tsdb.retention.time=7d", "--storage.tsdb.retention.size=2457MB"} <= set(
        container["args"]
    )
    assert not [word for word in container["args"] if "lifecycle" in word]
    assert {"name": "config-volume", "secret": {"secretName": "prometheus-config"}} in server["volumes"]
    account = {"kind": "ServiceAccount", "name": server["serviceAccountName"], "namespace": "prometheus"}
    assert account == ACCOUNT
    assert ("ServiceAccount", ACCOUNT["name"]) in objects
    alertmanager = objects["StatefulSet", "prometheus-alertmanager"]["spec"]["template"]["spec"]
    assert {"name": "config", "secret": {"secretName": "alertmanager-config"}} in alertmanager["volumes"]
    state = objects["Deployment", "prometheus-kube-state-metrics"]["spec"]["template"]["spec"]
    assert "--resources=nodes,pods" in state["containers"][0]["args"]
    assert all(pod["nodeSelector"] == selector for pod in (server, alertmanager, state))


def test_grafana_has_our_dashboards_and_no_rights() -> None:
    objects = rendered(GRAFANA, "grafana", config.grafana_values({NODE_GROUP_LABEL: "default-worker"}))
    shown = objects["ConfigMap", "grafana-dashboards-gateway"]["data"]
    files = {file.name: file.read_text(encoding="utf-8") for file in (config.HERE / "dashboards").iterdir()}
    assert shown == files
    [source] = yaml.safe_load(objects["ConfigMap", "grafana"]["data"]["datasources.yaml"])["datasources"]
    assert source["uid"] == "prometheus"
    assert not [kind for kind, _ in objects if kind in ("Ingress", "ClusterRole")]


def test_the_file_server_has_its_volume_and_lets_nobody_say_who_she_is() -> None:
    hub = Hub.model_validate({"admins": ["admin1"], "shared": {"sizeGib": 3}})
    objects = rendered(HOME_NFS, "home-nfs", file_server_values(hub, "v-1"))
    volume = objects["PersistentVolume", "home-nfs-home-nfs"]["spec"]
    assert (volume["csi"]["volumeHandle"], volume["persistentVolumeReclaimPolicy"]) == ("v-1", "Retain")
    claim = objects["PersistentVolumeClaim", "home-nfs"]["spec"]
    assert claim["volumeName"] == "home-nfs-home-nfs"
    export = objects["ConfigMap", "home-nfs-ganesha-config"]["data"]["ganesha.conf"]
    for words in ("Squash = All_Squash;", "Anonymous_uid = 1000;", "Anonymous_gid = 100;"):
        assert words in export
    quota = json.loads(objects["Secret", "home-nfs"]["stringData"]["config.json"])["QuotaManager"]
    assert quota["quota_overrides"] == {"_shared": 3}
    assert ("Service", SERVICE) in objects
    pods = objects["Deployment", "home-nfs"]["spec"]["template"]["spec"]
    assert pods["nodeSelector"] == {NODE_GROUP_LABEL: "default-worker"}


@pytest.mark.parametrize(
    ("chart", "values", "said"),
    [
        (JUPYTERHUB, {"scheduling": {"userPlaceholder": {"replicals": 4}}}, "replicals"),
        (JUPYTERHUB, {"singleUser": {}}, "singleUser"),
        (INGRESS_NGINX, {"controller": {"serivce": {}}}, "serivce"),
        (TRAEFIK, {"providers": {"kubernetesIngressNginx": {"enabled": True}}}, "kubernetesIngressNginx"),
        (CERT_MANAGER, {"installCRDs": True}, "installCRDs"),
        (PROMETHEUS, {"server": {"retain": "7d"}}, "retain"),
        (PROMETHEUS, {"prometheus-node-exporter": {"enabled": True}}, "prometheus-node-exporter"),
        (GRAFANA, {"persistence": {"enabled": True}}, "persistence"),
        (HOME_NFS, {"quotaEnforcer": {"hardQuota": "10"}}, "hardQuota"),
        (HOME_NFS, {"gke": {"enabled": True}}, "gke"),
    ],
    ids=lambda value: value.name if isinstance(value, Chart) else None,
)
def test_unknown_keys_are_refused(chart: Chart, values: dict[str, Any], said: str) -> None:
    done = helm("template", chart.name, str(layout.CHARTS / chart.name), values=values)
    assert done.returncode != 0
    assert said in done.stderr
