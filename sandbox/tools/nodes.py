"""What real nodes of clusters are made of: kubelet, kube-proxy, Debian's containerd, and the pause image."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from sandbox import layout
from sandbox.clusters.nodes.host import CNI, PAUSE, PAUSE_IMAGE
from sandbox.tools import programs
from sandbox.tools.programs import MODULES, GoPrograms, module_version
from sandbox.tools.steps import Report, Step

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    str(CNI / "bridge"): "containernetworking-plugins",
    "nft": "nftables",
    "pigz": "pigz",  # images are unpacked in less time
    "ip": "iproute2",
    "unshare": "util-linux",
    "sysctl": "procps",
}
"""Programs, and the Debian packages that have them."""


def kubelet() -> GoPrograms:
    """Kubelet and kube-proxy of the control plane's version, and what holds a pod's namespaces."""
    module = MODULES / "nodes"
    version = module_version(module, "k8s.io/kubernetes")
    return GoPrograms(
        "Kubelet",
        f"building kubelet and kube-proxy {version}, some 5 minutes",
        module,
        {"pause": "./pause", "kubelet": "./kubelet", "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy"},
        variables=programs.version_variables(version),
    )


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


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def image(reference: str, program: Path) -> bytes:
    """An image of one static program and nothing else, in the format of `docker save`."""
    layer = _tar({program.name: program.read_bytes()}, mode=0o755)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/{program.name}"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "manifest.json": json.dumps(manifest).encode(),
            "config.json": json.dumps(config).encode(),
            "layer.tar": layer,
        }
    )
