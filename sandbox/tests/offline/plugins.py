"""The plugins that are built here, started by themselves and called as the engine calls them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.tools import engine

SECRET = "1b47061264138c4ac30d75fd1eb44270"  # marks a secret in the engine's protocol
SIGNATURE = "4dabf18193072939515e22adb298388d"


@contextmanager
def plugin(
    name: str, *, host: str = "127.0.0.1:9", stand_in: bool = True
) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The running plugin `name`; with `stand_in` the test is of ours only. `host` is the engine's address."""
    version = engine.pinned(f"pulumi-{name}")
    program = engine.SHARED_HOME / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    if not program.exists() or (stand_in and b"sandbox/offline/plugins/base" not in program.read_bytes()):
        pytest.skip(f"the official plugin {name} is installed here, or none")
    with subprocess.Popen([program, host], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = f"127.0.0.1:{process.stdout.readline().strip()}"
            with grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)]) as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest(args=struct({}), acceptSecrets=True))
                yield stub
        finally:
            process.kill()


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """These values in the form of the engine's protocol."""
    return json_format.ParseDict(values, struct_pb2.Struct())


def urn(token: str) -> str:
    """A resource of this type."""
    return f"urn:pulumi:test::test::{token}::it"


def check(
    stub: provider_pb2_grpc.ResourceProviderStub, token: str, inputs: Mapping[str, Any]
) -> provider_pb2.CheckResponse:
    """The plugin's answer to these inputs of a resource."""
    checked: provider_pb2.CheckResponse = stub.Check(
        provider_pb2.CheckRequest(urn=urn(token), news=struct(inputs))
    )
    return checked
