"""The cloud's configuration: what openstacksdk gets of `openstack:*`, clouds.yaml and OS_*."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_openstack
import pytest
import yaml
from pulumi.runtime import rpc
from pydantic.alias_generators import to_snake

from components.cloud.connection import connect, environment, from_environment
from components.settings.cloud import CloudConfig
from components.settings.errors import SettingsError
from tests.unit.cloud_settings import CLOUDS, KEYSTONE, SAID
from tests.unit.conftest import Run, unwrap


@pytest.fixture(autouse=True)
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Only this clouds.yaml, and nothing in the environment; a test may leave less of the file."""
    asyncio.set_event_loop(asyncio.new_event_loop())  # for outputs; another test may have closed the last one
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))

    def leave(*names: str) -> None:
        file.write_text(yaml.safe_dump({"clouds": {name: CLOUDS[name] for name in names}}))

    leave(*CLOUDS)
    return leave


def config(**keys: Any) -> CloudConfig:
    """The configuration that a stack's file with these keys gives."""
    return CloudConfig.model_validate(keys)


def used(connection: Any) -> dict[str, Any]:
    """What a connection uses."""
    found = connection.config
    verify, cert = found.get_requests_verify_args()
    return {
        "region": found.get_region_name("dns"),
        "interface": found.get_interface("dns"),
        "verify": verify,
        "cert": cert,
        "retries": found.get_connect_retries("dns"),
        "dns": found.get_endpoint("dns"),
        "network": found.get_service_type("network"),
        "plugin": found.config["auth_type"],
        **found.config["auth"],
    }


def test_every_setting_of_the_provider_is_known() -> None:
    names = set(inspect.signature(pulumi_openstack.ProviderArgs.__init__).parameters) - {"__self__"}
    assert {to_snake(str(field.alias)) for field in CloudConfig.model_fields.values()} == names


def assert_used(connection: Any, expected: dict[str, Any]) -> None:
    found = used(connection)
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize("case", SAID)
def test_as_the_provider_understands_it(case: str, clouds: Callable[[str], None]) -> None:
    keys, expected = SAID[case]
    assert_used(connect(config(**keys)), expected)
    if "cloud" not in keys:  # openstacksdk would take the only entry that there is for defaults
        clouds("js2")
        assert_used(connect(config(**keys)), expected)


@pytest.mark.parametrize("case", SAID)
def test_a_task_reaches_the_same(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = config(**SAID[case][0])
    here = used(connect(stack))
    for name, value in unwrapped(environment(stack)).items():
        monkeypatch.setenv(name, value)
    assert used(from_environment()) == here


def unwrapped(told: dict[str, Any]) -> dict[str, str]:
    """An environment in plain text."""
    return {name: value if isinstance(value, str) else value._plain for name, value in told.items()}


@pytest.fixture(autouse=True)
def outputs_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Output.secret` remembers what it is made from."""
    secret = pulumi.Output.secret

    def remembering(value: str) -> Any:
        output: Any = secret(value)
        output._plain = value
        return output

    monkeypatch.setattr(pulumi.Output, "secret", remembering)


OS_VARIABLES = {
    "OS_REGION_NAME": ("region", "TACC"),
    "OS_CACERT": ("verify", "/environment.pem"),
    "OS_ENDPOINT_TYPE": ("interface", "admin"),
}


@pytest.mark.parametrize("name", OS_VARIABLES)
def test_the_environment_says_what_the_stack_does_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key, value = OS_VARIABLES[name]
    monkeypatch.setenv(name, value)
    assert used(connect(config(cloud="js2")))[key] == value
    own = config(cloud="js2", region="IU", cacertFile="/own.pem", endpointType="public")
    assert used(connect(own))[key] != value
    monkeypatch.setenv("OS_CLOUD", "js2")
    assert used(connect(config()))[key] == value


def test_the_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", "p")
    assert_used(
        connect(config(authUrl=KEYSTONE, userName="u", tenantName="p")),
        {"plugin": "v3password", "password": "p"},
    )


def test_nothing_configured_is_up_to_the_environment(
    monkeypatch: pytest.MonkeyPatch, clouds: Callable[[str], None]
) -> None:
    clouds("js2")
    assert_used(connect(config()), {"application_credential_id": "file-id"})
    monkeypatch.setenv("OS_CLOUD", "js2")
    assert_used(from_environment(), {"application_credential_id": "file-id", "region": "IU"})
    monkeypatch.delenv("OS_CLOUD")
    for name, value in {"AUTH_URL": KEYSTONE, "USERNAME": "u", "PASSWORD": "p", "PROJECT_NAME": "p"}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    assert_used(connect(config()), {"username": "u", "password": "p"})


def test_an_environment_is_what_states_remember() -> None:
    assert environment(config(cloud="js2"), ADDRESS="a") == {"OS_CLOUD": "js2", "ADDRESS": "a"}
    assert environment(config()) == {}
    told = environment(config(cloud="js2", region="TACC", enableLogging="true"))
    assert told == {"OS_CLOUD": "js2", "OPENSTACK_CONFIG": '{"region_name": "TACC"}'}


@pytest.mark.parametrize("secret", ["password", "token", "applicationCredentialSecret"])
def test_a_secret_stays_one(secret: str) -> None:
    told = environment(config(authUrl=KEYSTONE, **{secret: "hush"}))["OPENSTACK_CONFIG"]
    assert isinstance(told, pulumi.Output)
    assert "hush" not in repr(config(authUrl=KEYSTONE, **{secret: "hush"}))


def test_the_program_tells_its_tasks(program: Callable[..., Run]) -> None:
    def change(stack: dict[str, Any]) -> None:
        del stack["openstack:cloud"]
        stack.update({"openstack:authUrl": KEYSTONE, "openstack:region": "TACC"})
        stack["openstack:applicationCredentialId"] = "id"

    secrets = {"adminPassword": "a" * 32, "userPassword": "u" * 8}
    recorded = program(change, {**secrets, "openstack:applicationCredentialSecret": "hush"}).recorded
    commands = [r for r in recorded.resources if r.typ == "command:local:Command"]
    told = {r.name: r.inputs["environment"] for r in commands if "environment" in r.inputs}
    told = {name: value for name, value in told.items() if "OPENSTACK_CONFIG" in unwrap(value)}
    assert set(told) == {
        "gw25-kubeconfig",
        "gw25-ingress-port",
        "gw25-hub-homes-volumes",
        "gw25-backup-snapshots",
        "gw25-audit-cloud",
    }
    for value in told.values():
        assert rpc.is_rpc_secret(value), "a secret in it makes the whole map one, under mocks"
        assert json.loads(unwrap(value)["OPENSTACK_CONFIG"]) == {
            "application_credential_id": "id",
            "application_credential_secret": "hush",
            "auth_url": KEYSTONE,
            "region_name": "TACC",
        }


def test_a_log_in_beside_a_cloud_of_the_environment_is_refused(
    program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(stack: dict[str, Any]) -> None:
        del stack["openstack:cloud"]
        stack["openstack:authUrl"] = KEYSTONE

    monkeypatch.setenv("OS_CLOUD", "js2")
    with pytest.raises(SettingsError, match="openstack:authUrl: has no effect beside OS_CLOUD"):
        program(change)


def test_another_credential_leaves_the_kubeconfig(program: Callable[..., Run]) -> None:
    signed = program().recorded.of_type("command:local:Command")["gw25-kubeconfig"]
    assert signed["update"] == 'printf %s "$PULUMI_COMMAND_STDOUT"'
    assert signed["triggers"] == ["gw25-magnum-id", 1]
