"""The real program under Pulumi's mocks: what it would send to the engine, found by type token."""

from __future__ import annotations

import asyncio
import copy
import json
import runpy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc

from components import preflight
from components.cloud import existing
from components.cloud import survey as cloud
from components.cloud.flavors import Flavor, by_name
from components.cloud.ownership import Owner
from components.edge import controller, service
from components.files import file_server
from components.images import pinned
from components.images.registry import RegistryError
from components.settings.errors import Mistake, SettingsError

if TYPE_CHECKING:
    from tests.unit.cloud import Cloud

ROOT = Path(__file__).parents[2]
NOVA = yaml.safe_load((ROOT / "sandbox/cloud/jetstream2.yaml").read_text(encoding="utf-8"))["flavors"]
FLAVORS = by_name(
    SimpleNamespace(name=name, vcpus=has["vcpus"], ram=1024 * has["ram_gb"]) for name, has in NOVA.items()
)
"""Jetstream2's."""
INGRESS_IP = "203.0.113.10"
NFS_IP = "172.24.0.7"
"""Of the file server's Service."""
PUBLISHED = {
    name: f"registry.test/gateway/{name}:1.0.0" for name in ("pyaos", "idv-cave", "hawkeye", "metview")
}
OWNER = Owner("gw25", "gateway/dev")
OWN = {"xxx000000": "abc123456", "your-university": "our-lab", "quay.io/your-organization": "quay.io/our-lab"}
"""What an operator enters in Pulumi.dev.yaml."""
SECRETS = {"adminPassword": "a" * 32, "userPassword": "u" * 8}


def unwrap(value: Any) -> Any:
    """`value` without the wrappers that mark secrets."""
    if rpc.is_rpc_secret(value):
        return unwrap(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    return value


@dataclass
class Recorded(pulumi_mocks.Mocks):
    """Answers as the cloud would, and remembers every resource that was asked for."""

    resources: list[pulumi_mocks.MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        outputs = dict(unwrap(args.inputs))
        if args.typ == "openstack:networking/floatingIp:FloatingIp":
            outputs["address"] = "203.0.113.99"
        elif args.typ == "openstack:containerinfra/cluster:Cluster":
            outputs["stackId"] = f"{outputs['name']}-abcdefghijkl"
        elif args.typ == "command:local:Command":
            outputs["stdout"] = f"stdout of {args.name}"
        elif args.typ == "kubernetes:helm.sh/v3:Release":
            outputs["status"] = {"name": outputs["name"], "namespace": outputs["namespace"], "revision": 1}
        elif args.typ == "docker:index/image:Image":
            outputs["repoDigest"] = f"{outputs['imageName'].rpartition(':')[0]}@sha256:{'0' * 64}"
        return args.resource_id or f"{args.name}-id", outputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "pulumi:pulumi:readStackOutputs":
            return {"outputs": {}}, []
        raise AssertionError(f"the program looks {args.token} up through the engine")

    def of_type(self, token: str) -> dict[str, Any]:
        """Inputs of the resources of this type, by the resource's name."""
        return {r.name: unwrap(r.inputs) for r in self.resources if r.typ == token}

    def one(self, token: str) -> dict[str, Any]:
        """Inputs of the only resource of this type."""
        (inputs,) = self.of_type(token).values()
        return dict(inputs)

    def release(self, name: str) -> dict[str, Any]:
        """Inputs of the Helm release of this name."""
        releases = self.of_type("kubernetes:helm.sh/v3:Release").values()
        (found,) = [release for release in releases if release["name"] == name]
        return dict(found)


@dataclass
class Run:
    """One run of the program: what it asked the engine for, and what it exports."""

    recorded: Recorded
    outputs: dict[str, Any]


def stack_file(stack: str = "dev") -> dict[str, Any]:
    """The configuration of a stack's file."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    for placeholder, own in OWN.items():
        text = text.replace(placeholder, own)
    return dict(yaml.safe_load(text)["config"])


def stack_config(stack: str = "dev") -> dict[str, Any]:
    """The same with published images, which need no Docker engine."""
    return stack_file(stack) | {"gateway:images": {"published": dict(PUBLISHED)}}


def set_config(config: dict[str, Any], secrets: dict[str, str]) -> None:
    """Make `config` and `secrets` the current stack's, in the form in which the engine hands them over."""
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    hidden = {key if ":" in key else f"gateway:{key}": value for key, value in secrets.items()}
    pulumi.runtime.set_all_config({**plain, **hidden}, list(hidden))


@pytest.fixture
def survey(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the cloud is said to have; a test may change it before it runs the program."""
    answer: dict[str, Any] = {"existing": existing.Existing()}

    def look(_settings: Any, _cloud: Any, fit: Callable[..., Iterable[Mistake]]) -> cloud.Survey:
        flavors = {**FLAVORS, "m9.medium": Flavor(name="m9.medium", vcpu=8, gib=30)}
        if mistakes := list(fit(flavors, "1.34.6")):
            raise SettingsError(mistakes)
        return cloud.Survey(owner=OWNER, template_id="template-uuid", zone_id="zone-uuid", **answer)

    monkeypatch.setattr(preflight, "survey", look)
    monkeypatch.setattr(preflight, "reach", lambda _: None)
    monkeypatch.setattr(preflight, "look_inside", lambda *_: preflight.Inside())

    def silent(reference: str, _: object = None) -> str:
        raise RegistryError(f"nobody is asked for {reference}")

    monkeypatch.setattr(pinned, "digest_of", silent)
    monkeypatch.setattr(controller, "balanced", lambda *_: service.Balanced(uid="service-uid", ip=INGRESS_IP))
    monkeypatch.setattr(file_server, "cluster_ip", lambda *_: NFS_IP)
    return answer


@pytest.fixture
def program(survey: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Runs `__main__.py` with stack_config(), changed by the function given."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("OS_CLOUD", raising=False)  # the sandbox's shell sets it

    def run(
        change: Callable[[dict[str, Any]], Any] = lambda _: None, secrets: dict[str, str] | None = None
    ) -> Run:
        config = copy.deepcopy(stack_config())
        change(config)
        recorded = Recorded()
        asyncio.set_event_loop(asyncio.new_event_loop())  # another test may have closed the last one
        pulumi_mocks.set_mocks(
            recorded, project="gateway", stack="dev", preview=False, organization="organization"
        )
        set_config(config, SECRETS if secrets is None else secrets)
        outputs: dict[str, Any] = {}
        monkeypatch.setattr(pulumi, "export", outputs.__setitem__)

        @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK's is
        def body() -> pulumi.Output[Any]:
            runpy.run_path(str(ROOT / "__main__.py"))
            return pulumi.Output.all(**outputs).apply(outputs.update)

        body()
        return Run(recorded=recorded, outputs=unwrap(outputs))

    yield run


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A cloud that has nothing of the gateway yet, seen by the stack gateway/dev."""
    from tests.unit.cloud import Cloud  # noqa: PLC0415  (it needs this file)

    answer = Cloud()
    monkeypatch.setattr(cloud, "connect", lambda _: answer)
    for part, name in {"organization": "organization", "project": "gateway", "stack": "dev"}.items():
        monkeypatch.setattr(pulumi, f"get_{part}", lambda name=name: name)
    return answer


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    return told


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How the engine is asked for each resource, its options included, in the order of the program's runs."""
    requests: list[Any] = []
    register = pulumi_mocks.MockMonitor.RegisterResource

    def record(monitor: pulumi_mocks.MockMonitor, request: Any) -> Any:
        requests.append(request)
        return register(monitor, request)  # type: ignore[no-untyped-call]  # as in the SDK

    monkeypatch.setattr(pulumi_mocks.MockMonitor, "RegisterResource", record)
    return requests


def waits_for(request: Any) -> list[str]:
    """The names of the resources that one depends on, as the engine is asked."""
    return [urn.rpartition("::")[2] for urn in request.dependencies]
