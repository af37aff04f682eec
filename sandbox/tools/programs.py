"""What is built from Go modules for every cluster and stack: the control plane, kwok, helm."""

from __future__ import annotations

from sandbox.tools.golang import MODULES, GoPrograms, module_version


def version_variables(version: str) -> dict[str, str]:
    """What Kubernetes' programs say of themselves: Helm's charts and kubectl compare versions.

    Without these they say v0.0.0.
    """
    major, minor, _ = version.split(".")
    said = {"Version": f"v{version}", "Major": major, "Minor": minor, "TreeState": "clean"}
    return {f"k8s.io/component-base/version.git{key}": value for key, value in said.items()}


def kubernetes() -> GoPrograms:
    """API server, controller manager, scheduler and kubectl."""
    module = MODULES / "kubernetes"
    version = module_version(module, "k8s.io/kubernetes")
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    return GoPrograms(
        "Kubernetes",
        f"building the control plane {version} from its source, some 6 minutes on 2 cores",
        module,
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in names},
        variables=version_variables(version),
    )


def s3() -> GoPrograms:
    """A server of S3 over a folder, for the tests of the state in a bucket; the sandbox itself needs none."""
    module = MODULES / "s3"
    version = module_version(module, "github.com/versity/versitygw")
    return GoPrograms(
        "S3",
        f"building versitygw {version}, some 2 minutes",
        module,
        {"versitygw": "github.com/versity/versitygw/cmd/versitygw"},
    )


def kwok() -> GoPrograms:
    """The simulator of nodes."""
    module = MODULES / "tools"
    version = module_version(module, "sigs.k8s.io/kwok")
    return GoPrograms(
        "kwok",
        f"building kwok {version}, which plays the nodes, some 2 minutes",
        module,
        {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        variables={"sigs.k8s.io/kwok/pkg/consts.Version": version},
    )


def helm() -> GoPrograms:
    """The client that looks into charts' releases."""
    module = MODULES / "tools"
    version = module_version(module, "helm.sh/helm/v3")
    minor = module_version(module, "k8s.io/client-go").split(".")[1]
    return GoPrograms(
        "Helm",
        f"building helm {version}, some 30 seconds",
        module,
        {"helm": "helm.sh/helm/v3/cmd/helm"},
        variables={
            "helm.sh/helm/v3/internal/version.version": f"v{version}",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
            "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
        },
    )
