"""CoreDNS of a cluster with real nodes, as kubeadm installs it, but for what it knows of the world outside.

No question leaves this machine: the project's zone is Designate's, an ACME server of the sandbox stands at
Let's Encrypt's names, and no other name exists.
"""

from __future__ import annotations

from sandbox import layout
from sandbox.cloud import settings
from sandbox.clusters import acme, rbac
from sandbox.clusters.controller.kube import Kube, Object

ADDRESS = "10.254.0.10"
"""Of the Service, as Magnum's clusters have it; kubelets are told so (nodes/files.py)."""
IMAGE = "registry.k8s.io/coredns/coredns:v1.12.4"
LABELS = {"k8s-app": "kube-dns"}
_NAME = "coredns"
_ROLE = "system:coredns"
_HEALTH, _READY = 8080, 8181


def corefile(gateway: str) -> str:
    """The configuration; `gateway` is where this cluster's nodes reach BIND and the ACME server.

    BIND is asked by TCP, the only thing that is carried to it. AAAA of a name that has an A is no error.
    """
    names = "|".join(host.replace(".", "[.]") for host in acme.HOSTS)
    return f"""\
cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {{
    errors
    health :{_HEALTH} {{
        lameduck 5s
    }}
    ready :{_READY}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
    }}
}}
{settings.ZONE}:53 {{
    errors
    cache 5
    forward . {gateway}:{layout.port("bind")} {{
        force_tcp
    }}
}}
.:53 {{
    errors
    template IN A {{
        match "^({names})[.]$"
        answer "{{{{ .Name }}}} 60 IN A {gateway}"
        fallthrough
    }}
    template IN ANY {{
        match "^({names})[.]$"
        rcode NOERROR
        fallthrough
    }}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def complete(deployment: Object) -> None:
    """Make a Deployment of system pods that of a CoreDNS that runs."""
    pod = deployment["spec"]["template"]["spec"]
    pod["serviceAccountName"] = _NAME
    pod["dnsPolicy"] = "Default"
    pod["volumes"] = [{"name": "config", "configMap": {"name": _NAME}}]
    pod["containers"][0] |= {
        "image": IMAGE,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "livenessProbe": {"httpGet": {"path": "/health", "port": _HEALTH}, "initialDelaySeconds": 60},
        # kubeadm's waits ten seconds between two looks; a new cluster is to have names at once.
        "readinessProbe": {"httpGet": {"path": "/ready", "port": _READY}, "periodSeconds": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }


def install(kube: Kube, gateway: str) -> None:
    """Create what the Deployment needs, and the Service; what is there already stays as it is."""
    core = "/api/v1/namespaces/kube-system"
    meta = {"name": _NAME, "namespace": "kube-system"}
    account = {"kind": "ServiceAccount", "name": _NAME, "namespace": "kube-system"}
    listed = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    ports = [
        {"name": f"dns{end}", "port": 53, "protocol": kind} for end, kind in (("", "UDP"), ("-tcp", "TCP"))
    ]
    objects: dict[str, Object] = {
        f"{core}/serviceaccounts": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        f"{core}/configmaps": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"Corefile": corefile(gateway)},
        },
        **rbac.grant(_ROLE, listed, account),
        f"{core}/services": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": LABELS},
            "spec": {"clusterIP": ADDRESS, "selector": LABELS, "ports": ports},
        },
    }
    for collection, thing in objects.items():
        kube.create(collection, thing, exists_ok=True)
