"""What the program asks the engine for to have certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.conftest import Run

Program = Callable[..., Run]


@pytest.mark.parametrize(
    ("on_control_plane", "selector"),
    [
        (True, {"node-role.kubernetes.io/control-plane": ""}),
        (False, {"capi.stackhpc.com/node-group": "default-worker"}),
    ],
)
def test_cert_manager_is_on_no_users_node(
    program: Program, on_control_plane: bool, selector: dict[str, str]
) -> None:
    def pin(config: dict[str, Any]) -> None:
        config["gateway:certificates"]["onControlPlane"] = on_control_plane

    values = program(pin).recorded.release("cert-manager")["values"]
    parts = [values, *(values[name] for name in ("webhook", "cainjector", "startupapicheck"))]
    assert [part["nodeSelector"] for part in parts] == [selector] * 4


@pytest.mark.parametrize(
    ("acme", "server"),
    [
        ("production", "https://acme-v02.api.letsencrypt.org/directory"),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
    ],
)
def test_each_server_has_an_issuer_of_its_own(program: Program, acme: str, server: str) -> None:
    def choose(config: dict[str, Any]) -> None:
        config["gateway:certificates"] |= {"acme": acme, "email": "ops@ucar.edu"}

    recorded = program(choose).recorded
    ((resource, issuer),) = recorded.of_type("kubernetes:cert-manager.io/v1:ClusterIssuer").items()
    assert resource == f"gw25-certificates-{acme}", "another server is another resource"
    assert issuer["metadata"]["name"] == f"letsencrypt-{acme}"
    assert issuer["spec"]["acme"]["server"] == server
    assert issuer["spec"]["acme"]["privateKeySecretRef"] == {"name": f"letsencrypt-{acme}-account"}
    assert issuer["spec"]["acme"]["solvers"] == [{"http01": {"ingress": {"ingressClassName": "nginx"}}}]
    assert json.loads(issuer["metadata"]["annotations"]["pulumi.com/waitFor"]) == [
        "condition=Ready",
        "jsonpath={.status.acme.lastRegisteredEmail}=ops@ucar.edu",
    ], "Ready is of the address before until the new one is registered"


def test_the_certificate_of_the_issuer_in_use_is_waited_for(program: Program) -> None:
    recorded = program().recorded
    issuer = recorded.release("jhub")["values"]["ingress"]["annotations"]["cert-manager.io/cluster-issuer"]
    waited = recorded.of_type("command:local:Command")["gw25-certificate-ready"]["environment"]
    assert (waited["ISSUER"], waited["HOST"]) == (issuer, "gw25.abc123456.projects.jetstream-cloud.org")
