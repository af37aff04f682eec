"""What is built from Go modules for every cluster and stack: the control plane, kwok, helm."""

from __future__ import annotations

from sandbox.tools.golang import MODULES, GoPrograms, module_version

CLUSTER = MODULES / "cluster"
"""One module for the programs that build with the control plane's version of Kubernetes' libraries."""
EDGE = MODULES / "edge"
"""Another one for those that need newer libraries, which are then compiled only twice."""


def version_variables(version: str) -> dict[str, str]:
    """What Kubernetes' programs say of themselves: Helm's charts and kubectl compare versions.

    Without these they say v0.0.0.
    """
    major, minor, _ = version.split(".")
    said = {"Version": f"v{version}", "Major": major, "Minor": minor, "TreeState": "clean"}
    return {f"k8s.io/component-base/version.git{key}": value for key, value in said.items()}


def kubernetes() -> GoPrograms:
    """API server, controller manager, scheduler and kubectl; helm."""
    version, helm = (module_version(CLUSTER, module) for module in ("k8s.io/kubernetes", "helm.sh/helm/v3"))
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    _, minor, _ = version.split(".")
    return GoPrograms(
        "Kubernetes",
        f"building the control plane {version} and helm {helm}, some 3 minutes on 2 cores",
        CLUSTER,
        [*(f"k8s.io/kubernetes/cmd/{name}" for name in names), "helm.sh/helm/v3/cmd/helm"],
        sources=[CLUSTER / "go.mod", CLUSTER / "go.sum"],
        variables={
            **version_variables(version),
            "helm.sh/helm/v3/internal/version.version": f"v{helm}",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
        },
    )


def kwok() -> GoPrograms:
    """The simulator of nodes."""
    version = module_version(EDGE, "sigs.k8s.io/kwok")
    return GoPrograms(
        "kwok",
        f"building kwok {version}, which plays the nodes, about a minute",
        EDGE,
        ["sigs.k8s.io/kwok/cmd/kwok"],
        sources=[EDGE / "go.mod", EDGE / "go.sum"],
        variables={"sigs.k8s.io/kwok/pkg/consts.Version": version},
    )


def s3() -> GoPrograms:
    """A server of S3 over a folder, for the tests of the state in a bucket; the sandbox itself needs none."""
    module = MODULES / "s3"
    version = module_version(module, "github.com/versity/versitygw")
    return GoPrograms(
        "S3",
        f"building versitygw {version}, some 40 seconds",
        module,
        ["github.com/versity/versitygw/cmd/versitygw"],
    )
