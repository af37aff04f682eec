"""What real nodes of clusters are made of: kubelet and what runs beside it, containerd, the pause image."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox import layout
from sandbox.clusters.nodes.host import CNI, EDGE, PAUSE, PAUSE_IMAGE
from sandbox.containers import mirror
from sandbox.tools import programs
from sandbox.tools.golang import GoPrograms, module_version
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


def node() -> GoPrograms:
    """What each node runs, in the control plane's version, and what is alone in the image of a pod."""
    ours = ("pause", "kubelet", "cinder-csi", "kube-router", "coredns", "image-awaiter")
    version = module_version(programs.CLUSTER, "k8s.io/kubernetes")
    return GoPrograms(
        "Nodes",
        f"building kubelet {version} and what runs beside it, half a minute",
        programs.CLUSTER,
        ["k8s.io/kubernetes/cmd/kube-proxy", *(f"./{name}" for name in ours)],
        sources=[programs.CLUSTER / name for name in ("go.mod", "go.sum", *ours)],
        variables=programs.version_variables(version),
    )


def edge() -> GoPrograms:
    """What is behind the charts of the ingress and of cert-manager, and the ACME server."""
    return GoPrograms(
        "Ingress and certificates",
        "building the ingress controller, cert-manager and an ACME server, some 50 seconds",
        programs.EDGE,
        [
            f"{INGRESS_MODULE}/cmd/nginx",
            f"{INGRESS_MODULE}/cmd/waitshutdown",
            "./cert-manager",
            "./acme-server",
        ],
        folder=EDGE,
    )


def answer() -> GoPrograms:
    """What pods of the tests run."""
    return GoPrograms(
        "Test pod", "building it", programs.CLUSTER, ["./answer"], sources=[programs.CLUSTER / "answer"]
    )


def steps() -> list[Step]:
    """What is built for real nodes, in order."""
    return [node(), PauseImage(), edge()]


class PauseImage(Step):
    """The image of every pod's first container, as a tarball for `ctr images import`."""

    name = "Pause image"
    about = "packing it"
    inputs = (PAUSE_IMAGE, programs.CLUSTER / "pause")
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
