"""What a node's programs are configured with. The node's folder is INSIDE there, so all nodes look alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox import layout
from sandbox.clusters import pki
from sandbox.clusters.controller import dns
from sandbox.clusters.controller.workers import nodes
from sandbox.clusters.nodes import daemons
from sandbox.clusters.nodes.host import CNI, PAUSE, PAUSE_IMAGE
from sandbox.clusters.nodes.network import POD_RANGES, Network, pod_range
from sandbox.clusters.spec import Cluster
from sandbox.containers import mirror

if TYPE_CHECKING:
    from sandbox.clusters.nodes.node import Node

INSIDE = Path("/run/node")
"""The node's folder, as the node sees it."""
_KEYS = INSIDE / "pki"
CONTAINERD = "/run/containerd/containerd.sock"
EVICTION_MIB = 100
_KUBELET = "/var/lib/kubelet"
_USERS = ("kubelet", "proxy", "firewall")


def write(node: Node, cluster: Cluster) -> None:
    """Write all that the programs of `node` read into its folder; keys stay once they are there."""
    folder, network = node.folder(cluster), Network(cluster)
    ca_folder = cluster.folder / "pki"
    ca = pki.Pair(certificate=(ca_folder / "ca.crt").read_bytes(), key=(ca_folder / "ca.key").read_bytes())
    own = folder / "pki"
    if not (own / "firewall.key").exists():
        pki.issue(ca, node.name, hosts=(node.name, node.address)).write(own / "server")
        pki.issue(ca, f"system:node:{node.name}", organization="system:nodes").write(own / "kubelet")
        pki.issue(ca, "system:kube-proxy").write(own / "proxy")
        pki.issue(ca, daemons.FIREWALL_USER).write(own / "firewall")
        (own / "ca.crt").write_bytes(ca.certificate)
    url = f"https://{network.gateway}:{cluster.api_port}"
    texts = {
        "kubelet.yaml": yaml.safe_dump(_kubelet(node)),
        "proxy.yaml": yaml.safe_dump(_proxy(node)),
        "containerd.toml": _CONTAINERD,
        "cni/10-pods.conflist": json.dumps(_pods_network(node), indent=1),
        "resolv.conf": "",
        **_registries(f"http://{network.gateway}:{layout.port('registry')}"),
        "init.json": json.dumps(_init(node, network)),
        **{
            f"{name}.kubeconfig": yaml.safe_dump(pki.kubeconfig(url, name, INSIDE / "pki")) for name in _USERS
        },
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _registries(url: str) -> dict[str, str]:
    """Where containerd finds images: all of them in the sandbox's registry, in a node at `url`."""
    able = 'capabilities = ["pull", "resolve"]\n'
    # By the very reference that was pushed.
    hosts = {f"127.0.0.1:{layout.port('registry')}": f'[host."{url}"]\n{able}'}
    for name in mirror.REGISTRIES:
        real = f'[host."{url}/v2/{mirror.PREFIX}/{name}"]\n{able}override_path = true\n'
        # It is its own server, so that nothing is asked of the real one.
        hosts[name] = f'server = "{url}/v2/{mirror.PREFIX}/{name}"\n{real}'
    return {f"certs.d/{name}/hosts.toml": text for name, text in hosts.items()}


def _kubelet(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzPort": 0,
        "providerID": node.provider_id,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failSwapOn": False,
        # Version 1 of control groups, which 1.34 takes only when told so.
        "failCgroupV1": False,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "clusterDNS": [dns.ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(INSIDE / "resolv.conf"),
        "serializeImagePulls": False,
        # A volume is attached and detached after the node's status says who uses it: the default is 10 s.
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "5m",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(_KEYS / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(_KEYS / "server.crt"),
        "tlsPrivateKeyFile": str(_KEYS / "server.key"),
        # What pods may have is the flavor less this, as on kwok's nodes.
        "systemReserved": {
            "cpu": f"{nodes.SYSTEM_CPU_MILLI}m",
            "memory": f"{nodes.SYSTEM_MEMORY_MIB - EVICTION_MIB}Mi",
        },
        "evictionHard": {
            "memory.available": f"{EVICTION_MIB}Mi",
            # The disk is this machine's, which other things fill too.
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        # The pause image must not be collected: no registry has it.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }


def _proxy(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(INSIDE / "proxy.kubeconfig")},
        "hostnameOverride": node.name,
        "mode": "nftables",
        "clusterCIDR": POD_RANGES,
        "healthzBindAddress": f"{node.address}:10256",
        "metricsBindAddress": f"{node.address}:10249",
        # Else it changes settings of the whole machine.
        "conntrack": {"maxPerCore": 0},
    }


def _pods_network(node: Node) -> dict[str, Any]:
    ranges = [[{"subnet": str(pod_range(node.number))}]]
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]},
    }
    port_map = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, port_map]}


def _init(node: Node, network: Network) -> dict[str, Any]:
    labels = ",".join(f"{key}={value}" for key, value in sorted(node.labels.items()))
    kubelet = [
        str(layout.BIN / "kubelet"),
        f"--config={INSIDE / 'kubelet.yaml'}",
        f"--kubeconfig={INSIDE / 'kubelet.kubeconfig'}",
        f"--root-dir={_KUBELET}",
        f"--cert-dir={_KUBELET}/pki",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--node-labels={labels}",
        f"--flavor-cores={node.cores}",
        f"--flavor-memory={node.memory_mib << 20}",
    ]
    return {
        "name": node.name,
        "address": f"{node.address}/{network.subnet.prefixlen}",
        "gateway": network.gateway,
        "socket": CONTAINERD,
        "pause": str(PAUSE),
        "disks": {"kubelet": _KUBELET, "containerd": "/var/lib/containerd", "pods": "/var/log/pods"},
        "programs": {
            "containerd": ["containerd", f"--config={INSIDE / 'containerd.toml'}"],
            "kubelet": kubelet,
            "kube-proxy": [str(layout.BIN / "kube-proxy"), f"--config={INSIDE / 'proxy.yaml'}"],
            **daemons.commands(node, kubelet=_KUBELET, firewall=INSIDE / "firewall.kubeconfig"),
        },
    }


_CONTAINERD = f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Root of a container may lack CAP_SYS_RESOURCE.
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI}"
    conf_dir = "{INSIDE}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    discard_unpacked_layers = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{INSIDE}/certs.d"
"""
