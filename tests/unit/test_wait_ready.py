"""The certificate that is waited for: of the wanted issuer and host, and no earlier one."""

from __future__ import annotations

from typing import Any, cast

import pytest
from kubernetes import client

from components.certificates import wait_ready

NAME, HOST = "certmanager-tls-jupyterhub", "gw25.zone.test"


def certificate(
    *, issuer: str = "letsencrypt-production", host: str = HOST, ready: str = "True", seen: int = 2
) -> dict[str, Any]:
    """A Certificate of generation 2 whose condition Ready was last written for generation `seen`."""
    condition = {"type": "Ready", "status": ready, "observedGeneration": seen}
    return {
        "metadata": {"name": NAME, "generation": 2},
        "spec": {"issuerRef": {"name": issuer, "kind": "ClusterIssuer"}, "dnsNames": [host]},
        "status": {"conditions": [condition], "notAfter": "2027-01-01T00:00:00Z"},
    }


class Answers:
    """An API server that gives these answers, one after another, and the last one for ever."""

    def __init__(self, *answers: dict[str, Any] | client.ApiException) -> None:
        self.answers = list(answers)

    def get_namespaced_custom_object(self, *_: Any) -> dict[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, client.ApiException):
            raise answer
        return answer


def waited(*answers: dict[str, Any] | client.ApiException) -> dict[str, Any] | None:
    """What is found within the time of the answers."""
    api = cast(client.CustomObjectsApi, Answers(*answers))
    wanted = wait_ready.Wanted(namespace="jhub", name=NAME, issuer="letsencrypt-production", host=HOST)
    return wait_ready.wait_ready(api, wanted, timeout_s=0.05 * len(answers))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_ready, "POLL_SECONDS", 0.01)


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(client.ApiException(status=404), id="not asked for yet"),
        pytest.param(certificate(issuer="letsencrypt-staging"), id="of the issuer before"),
        pytest.param(certificate(host="old.zone.test"), id="of the host before"),
        pytest.param(certificate(seen=1), id="Ready for what was asked before"),
        pytest.param(certificate(ready="False"), id="not Ready"),
        pytest.param({**certificate(), "status": {}}, id="without a status"),
    ],
)
def test_only_the_certificate_that_was_asked_for_is_ready(earlier: Any) -> None:
    assert waited(earlier) is None
    assert waited(earlier, certificate()) == certificate()


def test_other_faults_are_told() -> None:
    with pytest.raises(client.ApiException):
        waited(client.ApiException(status=403))
