"""The stand-in plugins by themselves: what they refuse, and what no gateway shows."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.tools import engine

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {}}]
current-context: none
"""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # marks a secret in the engine's protocol
SIGNATURE = "4dabf18193072939515e22adb298388d"


@contextmanager
def plugin(name: str) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The running stand-in `name`, configured for a cluster that is not there."""
    version = engine.pinned(f"pulumi-{name}")
    program = engine.SHARED_HOME / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    if not program.exists() or b"sandbox/plugins/base" not in program.read_bytes():
        pytest.skip(f"the official plugin {name} is installed here, or none")
    with subprocess.Popen([program, "127.0.0.1:9"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                settings = {"kubeconfig": KUBECONFIG} if name == "kubernetes" else {}
                request = provider_pb2.ConfigureRequest(args=struct(settings), acceptSecrets=True)
                stub.Configure(request)
                yield stub
        finally:
            process.kill()


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def urn(token: str) -> str:
    return f"urn:pulumi:test::test::{token}::it"


def check(
    stub: provider_pb2_grpc.ResourceProviderStub, token: str, inputs: Mapping[str, Any]
) -> provider_pb2.CheckResponse:
    checked: provider_pb2.CheckResponse = stub.Check(
        provider_pb2.CheckRequest(urn=urn(token), news=struct(inputs))
    )
    return checked


@pytest.fixture
def context(tmp_path: Path) -> dict[str, Any]:
    """The inputs of an image with one file that counts and one that is ignored."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY kept /\n")
    (tmp_path / ".dockerignore").write_text("left-out\n")
    (tmp_path / "kept").write_text("1")
    (tmp_path / "left-out").write_text("1")
    return {"imageName": "registry.test/it:1", "build": {"context": str(tmp_path), "platform": "linux/amd64"}}


@pytest.mark.parametrize(
    ("name", "token", "inputs"),
    [
        ("command", "command:local:Command", {"create": "true", "nonsense": "x"}),
        ("command", "command:local:Command", {"create": "true", "logging": "nonsense"}),
        ("kubernetes", "kubernetes:helm.sh/v3:Release", {"chart": "c", "nonsense": "x"}),
    ],
)
def test_an_unknown_input_is_refused(name: str, token: str, inputs: dict[str, Any]) -> None:
    with plugin(name) as stub:
        failures = check(stub, token, inputs).failures
    assert [failure.reason for failure in failures if "nonsense" in failure.reason]


def test_an_unknown_input_of_an_image_is_refused(context: dict[str, Any]) -> None:
    context["build"]["nonsense"] = "x"
    with plugin("docker") as stub:
        failures = check(stub, "docker:index/image:Image", context).failures
    assert [failure.reason for failure in failures if "nonsense" in failure.reason]


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("command", "command:remote:Command"),
        ("docker", "docker:index/container:Container"),
        ("kubernetes", "kubernetes:core/v1:ConfigMapPatch"),
        ("kubernetes", "kubernetes:yaml/v2:ConfigFile"),
    ],
)
def test_an_unknown_type_is_refused(name: str, token: str) -> None:
    with plugin(name) as stub, pytest.raises(grpc.RpcError, match="stand-in") as refused:
        check(stub, token, {})
    assert token in str(refused.value)


def test_what_a_command_with_a_secret_prints_is_a_secret() -> None:
    secret = {SIGNATURE: SECRET, "value": "hunter2"}
    inputs = struct({"create": "echo $PASSWORD", "environment": {"PASSWORD": secret}})
    with plugin("command") as stub:
        made = stub.Create(provider_pb2.CreateRequest(urn=urn("command:local:Command"), properties=inputs))
    stdout = json_format.MessageToDict(made.properties)["stdout"]
    assert stdout == {SIGNATURE: SECRET, "value": "hunter2"}


def test_a_command_out_of_time_leaves_no_process() -> None:
    mark = f"{uuid.uuid4().int % 10**9 + 1000}.5"
    inputs = struct({"create": f"sleep {mark} & sleep {mark}"})
    request = provider_pb2.CreateRequest(urn=urn("command:local:Command"), properties=inputs, timeout=0.5)
    with plugin("command") as stub, pytest.raises(grpc.RpcError, match="timed out after"):
        stub.Create(request)
    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize(("file", "rebuilt"), [("kept", True), ("left-out", False), ("Dockerfile", True)])
def test_only_a_changed_context_is_built_again(
    context: dict[str, Any], file: str, rebuilt: bool, linked: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    token = "docker:index/image:Image"
    if linked:
        link = tmp_path_factory.mktemp("linked") / "context"
        link.symlink_to(context["build"]["context"])
        context["build"]["context"] = str(link)
    with plugin("docker") as stub:
        before = check(stub, token, context).inputs
        changed = Path(context["build"]["context"], file)
        changed.write_text(changed.read_text() + "# changed")
        after = check(stub, token, context).inputs
        request = provider_pb2.DiffRequest(
            urn=urn(token), id="it", old_inputs=before, news=after, olds=struct({})
        )
        changes = stub.Diff(request).changes
    assert (changes == provider_pb2.DiffResponse.DIFF_SOME) is rebuilt


def test_a_namespace_is_named_and_a_wrong_setting_refused() -> None:
    with plugin("kubernetes") as stub:
        checked = check(stub, "kubernetes:core/v1:Namespace", {"metadata": {"labels": {"a": "b"}}})
        name = json_format.MessageToDict(checked.inputs)["metadata"]["name"]
        request = provider_pb2.CheckRequest(
            urn=urn("pulumi:providers:kubernetes"), news=struct({"renderYamlToDirectory": "x"})
        )
        refused = stub.CheckConfig(request).failures
    assert name.startswith("it-")
    assert [failure.property for failure in refused] == ["renderYamlToDirectory"]
