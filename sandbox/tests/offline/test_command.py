"""The stand-in for pulumi-command does what pulumi-command 1.2 does, in all that the gateway uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.tests.offline.plugins import SECRET, SIGNATURE, plugin, struct, urn

URN = urn("command:local:Command")
BEFORE = {"stdout": "printed before", "stderr": "complained before"}

Stub = provider_pb2_grpc.ResourceProviderStub


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    """The running plugin."""
    with plugin("command") as running:
        yield running


def create(stub: Stub, inputs: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Outputs of a command that was created."""
    request = provider_pb2.CreateRequest(urn=URN, properties=struct(inputs), **options)
    return dict(json_format.MessageToDict(stub.Create(request).properties))


def update(stub: Stub, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs of a command whose inputs changed to these."""
    request = provider_pb2.UpdateRequest(
        urn=URN, id="it", olds=struct({"create": "true", **BEFORE}), news=struct(inputs)
    )
    return dict(json_format.MessageToDict(stub.Update(request).properties))


def diff(stub: Stub, old: Mapping[str, Any], new: Mapping[str, Any]) -> provider_pb2.DiffResponse:
    """What the plugin makes of changed inputs."""
    request = provider_pb2.DiffRequest(
        urn=URN, id="it", old_inputs=struct(old), olds=struct({**old, **BEFORE}), news=struct(new)
    )
    answer: provider_pb2.DiffResponse = stub.Diff(request)
    return answer


@pytest.mark.parametrize(
    "changed",
    [
        {"create": "false"},
        {"update": "true"},
        {"delete": "true"},
        {"stdin": "another"},
        {"environment": {"NAME": "another"}},
        {"logging": "stderr"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_any_changed_input_is_an_update(stub: Stub, changed: dict[str, Any]) -> None:
    old = {"create": "true", "stdin": "one", "environment": {"NAME": "one"}, "triggers": ["one"]}
    answer = diff(stub, old, {**old, **changed})
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert not answer.replaces
    assert diff(stub, old, old).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_changed_trigger_is_a_replacement(stub: Stub) -> None:
    answer = diff(stub, {"create": "true", "triggers": ["one"]}, {"create": "true", "triggers": ["another"]})
    assert [kind.kind for kind in answer.detailedDiff.values()] == [provider_pb2.PropertyDiff.UPDATE_REPLACE]


def test_environment_and_standard_input_reach_the_command(stub: Stub) -> None:
    made = create(stub, {"create": "echo $NAME; cat", "environment": {"NAME": "n"}, "stdin": "in"})
    assert (made["stdout"], made["stderr"]) == ("n\nin", "")


def test_only_one_newline_at_the_end_is_cut(stub: Stub) -> None:
    made = create(stub, {"create": "printf 'a\n\n'; printf ' b \n' >&2"})
    assert (made["stdout"], made["stderr"]) == ("a\n", " b ")


def test_without_an_update_the_creation_runs_again_and_knows_what_was_printed(stub: Stub) -> None:
    shown = 'echo "$PULUMI_COMMAND_STDOUT, $PULUMI_COMMAND_STDERR"'
    told = "printed before, complained before"
    assert update(stub, {"create": shown})["stdout"] == told
    assert update(stub, {"create": "false", "update": shown})["stdout"] == told
    assert create(stub, {"create": shown})["stdout"] == ", "
    hidden = {"create": shown, "addPreviousOutputInEnv": False}
    assert update(stub, hidden)["stdout"] == ", "


def test_with_neither_creation_nor_update_what_was_printed_stays(stub: Stub) -> None:
    assert update(stub, {"delete": "true"}).items() >= BEFORE.items()
    assert create(stub, {"delete": "true"}).items() >= {"stdout": "", "stderr": ""}.items()


def test_the_deletion_knows_all_that_the_creation_did(stub: Stub, tmp_path: Any) -> None:
    seen = tmp_path / "seen"
    state = {
        "create": "true",
        "delete": f'echo "$NAME $PULUMI_COMMAND_STDOUT $(cat)" > {seen}',
        "environment": {"NAME": "n"},
        "stdin": "in",
        **BEFORE,
    }
    stub.Delete(provider_pb2.DeleteRequest(urn=URN, id="it", properties=struct(state)))
    assert seen.read_text() == "n printed before in\n"


def test_a_refresh_finds_what_is_remembered(stub: Stub) -> None:
    inputs, state = struct({"create": "echo now"}), struct({"create": "echo now", **BEFORE})
    read = stub.Read(provider_pb2.ReadRequest(urn=URN, id="it", inputs=inputs, properties=state))
    assert (read.id, read.inputs, read.properties) == ("it", inputs, state)


def test_a_preview_runs_nothing(stub: Stub, tmp_path: Any) -> None:
    create(stub, {"create": f"touch {tmp_path}/made"}, preview=True)
    assert not list(tmp_path.iterdir())


def test_the_error_of_a_command_carries_both_streams(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        create(stub, {"create": "echo out; echo err >&2; exit 3", "logging": "none"})
    assert all(word in failed.value.details() for word in ("exit status 3", "out\n", "err\n"))


class Engine(engine_pb2_grpc.EngineServicer):
    """Takes what a plugin tells the engine."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    def Log(self, request: engine_pb2.LogRequest, _: Any) -> Empty:  # the name in the protocol
        self.told.append((request.message, request.ephemeral))
        return Empty()


@pytest.mark.parametrize(
    ("logging", "lines"),
    [(None, {"out", "err"}), ("stdout", {"out"}), ("stderr", {"err"}), ("none", set())],
)
def test_what_a_command_prints_is_shown_only_while_it_runs(logging: str | None, lines: set[str]) -> None:
    engine, server = Engine(), grpc.server(ThreadPoolExecutor())
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    inputs = {"create": "echo out; echo err >&2", **({"logging": logging} if logging else {})}
    with plugin("command", host=f"127.0.0.1:{port}") as stub:
        made = create(stub, inputs)
    server.stop(None)
    assert (made["stdout"], made["stderr"]) == ("out", "err")
    assert set(engine.told) == {(line, True) for line in lines}


def test_what_a_command_with_a_secret_prints_is_a_secret(stub: Stub) -> None:
    secret = {SIGNATURE: SECRET, "value": "hunter2"}
    made = create(stub, {"create": "echo $PASSWORD", "environment": {"PASSWORD": secret}})
    assert made["stdout"] == {SIGNATURE: SECRET, "value": "hunter2"}


def test_a_command_out_of_time_leaves_no_process(stub: Stub) -> None:
    mark = f"{uuid.uuid4().int % 10**9 + 1000}.5"
    with pytest.raises(grpc.RpcError, match="timed out after"):
        create(stub, {"create": f"sleep {mark} & sleep {mark}"}, timeout=0.5)
    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]
