"""Backup: what it creates in the cluster and the cloud, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from components.backup.backup import FILES
from components.cloud.survey import FromPods
from components.cost.prices import backups_in_words
from components.settings.errors import SettingsError
from components.settings.hub import Backup
from tests.unit.cloud import Cloud as Surveyed
from tests.unit.cloud import look
from tests.unit.conftest import OWNER, Run, stack_config
from tests.unit.hub import make_hub

CRONJOB, SECRET = "kubernetes:batch/v1:CronJob", "kubernetes:core/v1:Secret"
COMMAND = "command:local:Command"
CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
PODS = FromPods(identity="https://cloud.test/v3", volumes="https://cloud.test/v3/p", authority="PEM")
Program = Callable[..., Run]


@pytest.fixture
def backed_up(program: Program, survey: dict[str, Any]) -> Callable[..., Run]:
    """The program with nightly snapshots, and what `gateway:keep` names."""
    survey["from_pods"] = PODS

    def run(*keep: str, **plan: Any) -> Run:
        def change(config: dict[str, Any]) -> None:
            config["gateway:hub"]["backup"] = plan
            config["gateway:keep"] = list(keep)

        return program(change)

    return run


def test_the_job_runs_as_the_settings_say(backed_up: Callable[..., Run]) -> None:
    job = backed_up(schedule="30 2 * * 1-5", zone="America/Denver", keep=3).recorded.one(CRONJOB)
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * 1-5", "America/Denver")
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    told = {one["name"]: one["value"] for one in container["env"]}
    assert told["KEEP"] == "3"
    assert (told["GATEWAY"], told["STACK"], told["NAMESPACE"]) == ("gw25", "gateway/dev", "jhub")
    assert told["CLUSTER"] == "gw25-abcdefghijkl", "as the CSI driver calls it"
    assert (told["AUTH_URL"], told["VOLUMES_URL"]) == (PODS.identity, PODS.volumes)
    assert container["image"].startswith("quay.io/jupyterhub/k8s-hub:")


def test_the_pod_keeps_to_the_standard_and_runs_on_the_cores_nodes(backed_up: Callable[..., Run]) -> None:
    recorded = backed_up().recorded
    pod = recorded.one(CRONJOB)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"capi.stackhpc.com/node-group": "default-worker"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    (namespace,) = [
        inputs
        for inputs in recorded.of_type("kubernetes:core/v1:Namespace").values()
        if inputs["metadata"]["name"] == "gateway-backup"
    ]
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_the_pod_gets_the_program_and_the_authority_of_the_cloud(backed_up: Callable[..., Run]) -> None:
    recorded = backed_up().recorded
    (volume,) = recorded.one(CRONJOB)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    assert {item["path"] for item in volume["configMap"]["items"]} == {*FILES, "authority.pem"}
    data = recorded.one("kubernetes:core/v1:ConfigMap")["data"]
    assert {item["key"] for item in volume["configMap"]["items"]} == set(data)
    assert data["authority.pem"] == "PEM"


def test_its_login_is_restricted_and_lies_where_the_hub_can_t_read_it(backed_up: Callable[..., Run]) -> None:
    recorded = backed_up().recorded
    login = recorded.one(CREDENTIAL)
    assert login["roles"] == ["member"]
    assert "unrestricted" not in login
    assert login["description"] == OWNER.description, "the audit knows it by that"
    assert [one["metadata"]["namespace"] for one in recorded.of_type(SECRET).values()] == ["gateway-backup"]


def test_snapshots_go_with_the_gateway_unless_homes_are_kept(
    program: Program, backed_up: Callable[..., Run]
) -> None:
    for run in (backed_up(), program()):
        command = run.recorded.of_type(COMMAND)["gw25-backup-snapshots"]
        assert command["delete"] == "python3 -m components.task snapshots drop"
    assert "delete" not in backed_up("homes").recorded.of_type(COMMAND)["gw25-backup-snapshots"]
    assert program().recorded.of_type(CRONJOB) == {}


@pytest.mark.parametrize("schedule", ["0 3 * * *", "*/20,5 0-6 1-31 12 0-6/2", "59 23 31 12 6"])
def test_a_schedule_is_what_a_cronjob_takes(schedule: str) -> None:
    assert Backup.model_validate({"schedule": schedule}).schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "60 3 * * *",
        "0 24 * * *",
        "0 3 0 * *",
        "0 3 * 13 *",
        "0 3 * * 7",
        "5-1 * * * *",
        "*/0 * * * *",
        "0 3 * *",
    ],
)
def test_a_schedule_that_a_cronjob_refuses_is_refused_before(schedule: str) -> None:
    with pytest.raises(ValidationError, match="must be five numbers, as cron has them"):
        Backup.model_validate({"schedule": schedule})


def test_a_preview_says_what_snapshots_cost() -> None:
    assert backups_in_words(make_hub()) == ""
    hub = make_hub(backup={"keep": 7}, storage={"sizeGib": 20})
    assert backups_in_words(hub) == (
        "snapshots: 7 of each home and a new one while it is taken, at 20 GiB each;"
        " 160 GiB of the quota for each user, 0 SU"
    )


def test_a_pod_does_not_log_in_where_the_certificate_is_not_verified(
    answering: Surveyed, tmp_path: Any
) -> None:
    hub = {**stack_config()["gateway:hub"], "backup": {}}
    assert look().from_pods is None
    authority = tmp_path / "ca.pem"
    authority.write_text("PEM")
    answering.verify = str(authority)
    assert look({"hub": hub}).from_pods == FromPods(
        identity="https://cloud.test/identity", volumes="https://cloud.test/block-storage", authority="PEM"
    )
    answering.verify = False
    with pytest.raises(SettingsError, match=r"gateway:hub\.backup: needs a certificate of the cloud"):
        look({"hub": hub})
