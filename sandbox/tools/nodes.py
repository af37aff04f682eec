"""What real nodes of clusters are made of: kubelet and what runs beside it, containerd, the pause image."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox import layout
from sandbox.clusters.nodes.host import CNI, PAUSE, PAUSE_IMAGE
from sandbox.containers import mirror
from sandbox.tools import programs
from sandbox.tools.golang import MODULES, GoPrograms, module_version
from sandbox.tools.steps import Report, Step

DEBIAN = {
    "containerd": "containerd",
    "docker-registry": "docker-registry",
    "runc": "runc",
    str(CNI / "bridge"): "containernetworking-plugins",
    "nft": "nftables",
    "pigz": "pigz",  # images are unpacked in less time
    "ip": "iproute2",
    "ipset": "ipset",
    "iptables": "iptables",
    "unshare": "util-linux",
    "sysctl": "procps",
}
"""Programs, and the Debian packages that have them."""
INGRESS_MODULE = "k8s.io/ingress-nginx"


def kubelet() -> GoPrograms:
    """Kubelet and kube-proxy of the control plane's version, and what holds a pod's namespaces."""
    module = MODULES / "nodes"
    version = module_version(module, "k8s.io/kubernetes")
    return GoPrograms(
        "Kubelet",
        f"building kubelet and kube-proxy {version}, some 5 minutes",
        module,
        {"pause": "./pause", "kubelet": "./kubelet", "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy"},
        sources=[module / name for name in ("go.mod", "go.sum", "kubelet", "pause")],
        variables=programs.version_variables(version),
    )


def daemons() -> GoPrograms:
    """The driver of the cloud's volumes and the packet filter, one of each for a node."""
    module = MODULES / "daemons"
    version = module_version(module, "github.com/cloudnativelabs/kube-router/v2")
    return GoPrograms(
        "Node daemons",
        f"building the volume driver and kube-router {version}, some 10 seconds",
        module,
        {"cinder-csi": "./cinder-csi", "kube-router": "./kube-router"},
    )


def edge() -> GoPrograms:
    """What is behind the charts of the ingress and of cert-manager, and the ACME server."""
    module = MODULES / "edge"
    return GoPrograms(
        "Ingress and certificates",
        "building the ingress controller, cert-manager and an ACME server, some 4 minutes",
        module,
        {
            "nginx-ingress-controller": f"{INGRESS_MODULE}/cmd/nginx",
            "wait-shutdown": f"{INGRESS_MODULE}/cmd/waitshutdown",
            "cert-manager": "./certmanager",
            "acme-server": "./acme",
        },
        static=True,
    )


def coredns() -> GoPrograms:
    """The clusters' DNS, with the plugins that these need."""
    module = MODULES / "coredns"
    version = module_version(module, "github.com/coredns/coredns")
    return GoPrograms(
        "CoreDNS",
        f"building CoreDNS {version}, some 50 seconds",
        module,
        {"coredns": "."},
        static=True,
    )


def answer() -> GoPrograms:
    """What pods of the tests run."""
    module = MODULES / "nodes"
    return GoPrograms(
        "Test pod",
        "building it",
        module,
        {"answer": "./answer"},
        sources=[module / "answer"],
        static=True,
    )


def awaiter() -> GoPrograms:
    """What JupyterHub's chart runs in a pod, and is not in its image on Debian."""
    return GoPrograms(
        "Image awaiter",
        "building it, some 20 seconds",
        MODULES / "awaiter",
        {"image-awaiter": "."},
        static=True,
    )


def steps() -> list[Step]:
    """What is built for real nodes, in order."""
    return [kubelet(), daemons(), coredns(), PauseImage(), awaiter(), edge()]


class PauseImage(Step):
    """The image of every pod's first container, as a tarball for `ctr images import`."""

    name = "Pause image"
    about = "packing it"
    inputs = (PAUSE_IMAGE, MODULES / "nodes" / "pause")
    outputs = (PAUSE,)

    def run(self, _report: Report) -> None:
        """Pack the program `pause`, which must be built."""
        unfinished = PAUSE.with_suffix(".part")
        unfinished.write_bytes(image(PAUSE_IMAGE, layout.BIN / "pause"))
        unfinished.rename(PAUSE)


def image(reference: str, program: Path) -> bytes:
    """An image of one static program and nothing else, in the format of `docker save`."""
    layer, config = mirror.contents(program)
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    return mirror.tar(
        {"manifest.json": json.dumps(manifest).encode(), "config.json": config, "layer.tar": layer}
    )
