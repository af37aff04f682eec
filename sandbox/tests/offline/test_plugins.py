"""The plugins by themselves: what the stand-ins refuse, and what no gateway shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from sandbox.tests.offline.plugins import check, plugin, struct, urn
from sandbox.tools import engine

IMAGE = "docker:index/image:Image"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # marks what is not known yet in the engine's protocol


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
    ],
)
def test_an_unknown_input_is_refused(name: str, token: str, inputs: dict[str, Any]) -> None:
    with plugin(name) as stub:
        failures = check(stub, token, inputs).failures
    assert [failure.reason for failure in failures if "nonsense" in failure.reason]


def test_an_unknown_input_of_an_image_is_refused(context: dict[str, Any]) -> None:
    context["build"]["nonsense"] = "x"
    with plugin("docker") as stub:
        failures = check(stub, IMAGE, context).failures
    assert [failure.reason for failure in failures if "nonsense" in failure.reason]


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("command", "command:remote:Command"),
        ("docker", "docker:index/container:Container"),
    ],
)
def test_an_unknown_type_is_refused(name: str, token: str) -> None:
    with plugin(name) as stub, pytest.raises(grpc.RpcError, match="stand-in") as refused:
        check(stub, token, {})
    assert token in str(refused.value)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize(("file", "rebuilt"), [("kept", True), ("left-out", False), ("Dockerfile", True)])
def test_only_a_changed_context_is_built_again(
    context: dict[str, Any], file: str, rebuilt: bool, linked: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if linked:
        link = tmp_path_factory.mktemp("linked") / "context"
        link.symlink_to(context["build"]["context"])
        context["build"]["context"] = str(link)
    with plugin("docker") as stub:
        before = check(stub, IMAGE, context).inputs
        changed = Path(context["build"]["context"], file)
        changed.write_text(changed.read_text() + "# changed")
        after = check(stub, IMAGE, context).inputs
        request = provider_pb2.DiffRequest(
            urn=urn(IMAGE), id="it", old_inputs=before, news=after, olds=struct({})
        )
        changes = stub.Diff(request).changes
    assert (changes == provider_pb2.DiffResponse.DIFF_SOME) is rebuilt


@pytest.mark.parametrize(
    ("name", "skip_push", "refused"),
    [("unidata/it:1", False, True), ("unidata/it:1", True, False), ("docker.io/unidata/it:1", False, False)],
)
def test_an_image_that_is_pushed_has_its_registry_in_its_name(
    context: dict[str, Any], name: str, skip_push: bool, refused: bool
) -> None:
    with plugin("docker") as stub:
        failures = check(stub, IMAGE, {**context, "imageName": name, "skipPush": skip_push}).failures
    assert [failure.property for failure in failures] == (["imageName"] if refused else [])


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [({"password": "new"}, False), ({"username": "new"}, False), ({"server": "new.test"}, True)],
)
def test_another_login_is_no_reason_to_build_again(
    context: dict[str, Any], change: dict[str, str], rebuilt: bool
) -> None:
    old = {**context, "registry": {"server": "registry.test", "username": "u", "password": "p"}}
    new = {**old, "registry": {**old["registry"], **change}}
    with plugin("docker") as stub:
        inputs = [check(stub, IMAGE, image).inputs for image in (old, new)]
        request = provider_pb2.DiffRequest(
            urn=urn(IMAGE), id="it", old_inputs=inputs[0], news=inputs[1], olds=struct({})
        )
        changes = stub.Diff(request).changes
    assert (changes == provider_pb2.DiffResponse.DIFF_SOME) is rebuilt


def test_a_preview_builds_nothing_and_a_refresh_finds_what_is_remembered(context: dict[str, Any]) -> None:
    with plugin("docker") as stub:
        inputs = check(stub, IMAGE, context).inputs
        request = provider_pb2.CreateRequest(urn=urn(IMAGE), properties=inputs, preview=True)
        made = stub.Create(request).properties
        state = struct({**context, "repoDigest": "registry.test/it@sha256:0"})
        read = stub.Read(provider_pb2.ReadRequest(urn=urn(IMAGE), id="it", inputs=inputs, properties=state))
    assert made["repoDigest"] == UNKNOWN
    assert (read.id, read.inputs, read.properties) == ("it", inputs, state)


def test_the_kubernetes_provider_is_the_genuine_one_in_the_version_of_its_python_package() -> None:
    with plugin("kubernetes", stand_in=False) as stub:
        version = stub.GetPluginInfo(Empty()).version
        schema = json.loads(stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert version == engine.pinned("pulumi-kubernetes")
    assert "kubernetes:helm.sh/v3:Release" in schema["resources"]
