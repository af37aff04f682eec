"""The wait for a cluster: what passes by itself is waited out, what does not is told."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from components.cluster import kubeconfig

COMPLETE = {"name": "gw25", "status": "CREATE_COMPLETE", "api_address": "https://10.0.0.1:6443"}


def answer(code: int, /, **body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = code
    response.json = lambda **_: body  # type: ignore[method-assign]
    return response


class Magnum:
    """Gives its answers one after the other."""

    def __init__(self, *answers: requests.Response) -> None:
        self.answers = iter(answers)

    def get(self, path: str, *, raise_exc: bool) -> requests.Response:
        assert (path, raise_exc) == ("/clusters/c-1", False)
        return next(self.answers)


def wait(*answers: requests.Response) -> dict[str, Any]:
    magnum: Any = Magnum(*answers)
    return kubeconfig.wait_complete(magnum, "c-1", timeout_s=60)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_bad_day_of_magnum_is_waited_out(status: int) -> None:
    in_progress = answer(200, **COMPLETE | {"status": "CREATE_IN_PROGRESS"})
    assert wait(answer(status), in_progress, answer(status), answer(200, **COMPLETE)) == COMPLETE


def test_a_cluster_without_an_address_is_not_complete_yet() -> None:
    nowhere = answer(200, **COMPLETE | {"api_address": None})
    assert wait(nowhere, answer(200, **COMPLETE)) == COMPLETE


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (answer(404), "cluster c-1 is gone; run `pulumi refresh`"),
        (answer(200, **COMPLETE | {"status": "CREATE_FAILED", "status_reason": "no quota"}), "no quota"),
    ],
    ids=["gone", "failed"],
)
def test_what_does_not_pass_is_told_at_once(told: requests.Response, words: str) -> None:
    with pytest.raises(kubeconfig.ClusterFailed, match=words):
        wait(told)


def test_a_refused_request_is_no_bad_day() -> None:
    with pytest.raises(requests.HTTPError):
        wait(answer(403))
