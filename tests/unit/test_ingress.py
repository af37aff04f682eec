"""The ingress controllers to choose from: one contract, and each one's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.conftest import INGRESS_IP, Run

Program = Callable[..., Run]


def with_ingress(kind: str) -> Callable[[dict[str, Any]], None]:
    """Gives a gateway this value of `gateway:ingress`."""
    return lambda config: config.update({"gateway:ingress": kind})


def test_the_port_is_looked_up_again_for_another_service(program: Program) -> None:
    port = program().recorded.of_type("command:local:Command")["gw25-ingress-port"]["environment"]
    assert (port["ADDRESS"], port["SERVICE"]) == (INGRESS_IP, "service-uid")


def test_nginx_is_the_default_and_its_end_is_warned_of(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    assert program().recorded.release("ingress-nginx")["version"] == "4.15.1"
    warning = "ingress-nginx was retired in March 2026; 4.15.1 is its last chart"
    assert warning in caplog.text
    assert "Set gateway:ingress to traefik, the default from March 2027 on" in caplog.text
    caplog.clear()
    assert program(with_ingress("traefik")).recorded.release("traefik")["version"] == "41.6.1"
    assert warning not in caplog.text


@pytest.mark.parametrize("kind", ["nginx", "traefik"])
def test_ingress_listens_at_the_reserved_address_on_the_core_group(program: Program, kind: str) -> None:
    releases = program(with_ingress(kind)).recorded.of_type("kubernetes:helm.sh/v3:Release")
    values = releases["gw25-ingress-release"]["values"]
    pods = values.get("controller", values)
    assert pods["nodeSelector"] == {"capi.stackhpc.com/node-group": "default-worker"}
    service = pods["service"]
    assert service.get("spec", service)["loadBalancerIP"] == "203.0.113.99"
    assert service["annotations"]["loadbalancer.openstack.org/keep-floatingip"] == "true"


def test_traefik_reads_the_annotations_of_ingress_nginx(program: Program) -> None:
    run = program(with_ingress("traefik"))
    values = run.recorded.release("traefik")["values"]
    assert run.recorded.release("jhub")["values"]["ingress"]["ingressClassName"] == "nginx"
    assert values["ingressClass"] == {"name": "nginx", "isDefaultClass": True}
    providers = values["providers"]
    serving = providers.pop("kubernetesIngressNGINX")
    assert (serving["enabled"], serving["ingressClass"]) == (True, "nginx")
    assert serving["controllerClass"] == "traefik.io/ingress-controller", "what the chart's class has"
    assert serving["proxyRequestBuffering"], "else proxy-body-size is ignored"
    assert providers == {"kubernetesIngress": {"enabled": False}, "kubernetesCRD": {"enabled": False}}


def test_traefik_keeps_addresses_and_does_not_cut_long_uploads(program: Program) -> None:
    values = program(with_ingress("traefik")).recorded.release("traefik")["values"]
    assert values["service"]["spec"]["externalTrafficPolicy"] == "Local"
    assert values["service"]["annotations"]["loadbalancer.openstack.org/enable-health-monitor"] == "true"
    longest = {"transport": {"respondingTimeouts": {"readTimeout": "3600s"}}}
    assert values["ports"] == {"web": longest, "websecure": longest}
