"""The shared folder and homes on NFS: what the engine is asked for, who writes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.cloud.ownership import FILES, Owner, names_of
from components.settings.errors import SettingsError
from components.teardown import leftovers as audit
from components.teardown.left import Gateway
from tests.unit.cloud import Cloud, look, plenty, thing
from tests.unit.conftest import NFS_IP, OWNER, Run, stack_config, waits_for
from tests.unit.hub import make_values, pod, schema_errors
from tests.unit.test_audit import GATEWAY
from tests.unit.test_profiles import OIDC, user

Program = Callable[..., Run]
SHARED = {"sizeGib": 50}
NFS = {"type": "nfs", "sizeGib": 5, "volumeGib": 100}
VOLUME = "openstack:blockstorage/volume:Volume"
FOLDER = "/home/jovyan/shared"


def on(**hub: Any) -> Callable[[dict[str, Any]], None]:
    """A gateway whose hub has these settings."""
    return lambda config: config["gateway:hub"].update(hub)


def test_nothing_of_it_is_there_by_default(program: Program) -> None:
    recorded = program().recorded
    assert not [resource.name for resource in recorded.resources if "files" in resource.name]
    assert "5-shared" not in recorded.release("jhub")["values"]["hub"]["extraConfig"]


@pytest.mark.parametrize(
    ("hub", "gib", "on_it"),
    [
        ({"shared": SHARED}, 50, "shared"),
        ({"storage": NFS}, 100, "homes"),
        ({"storage": NFS, "shared": SHARED}, 150, "homes"),
    ],
    ids=["shared", "nfs", "both"],
)
def test_one_volume_that_says_whose_it_is(
    program: Program, hub: dict[str, Any], gib: int, on_it: str
) -> None:
    recorded = program(on(**hub)).recorded
    volume = recorded.one(VOLUME)
    assert (volume["name"], volume["size"], volume["enableOnlineResize"]) == ("gw25-files", gib, True)
    assert volume["metadata"] == {**OWNER.marks, "gateway.files": on_it}
    release = recorded.release("home-nfs")
    assert release["chart"] == "oci://ghcr.io/2i2c-org/jupyterhub-home-nfs/jupyterhub-home-nfs"
    assert "repositoryOpts" not in release
    assert release["values"]["openstack"] == {"enabled": True, "volumeId": "gw25-hub-files-volume-id"}
    quota = release["values"]["quotaEnforcer"]["config"]["QuotaManager"]
    assert quota["quota_overrides"] == ({"_shared": 50} if "shared" in hub else {})
    assert quota["hard_quota"] == hub.get("storage", {"sizeGib": 10})["sizeGib"]


def test_only_the_servers_namespace_takes_privileged_pods(program: Program) -> None:
    created = program(on(shared=SHARED)).recorded.of_type("kubernetes:core/v1:Namespace").values()
    levels = {
        one["metadata"]["name"]: one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in created
    }
    assert levels.pop("home-nfs") == "privileged"
    assert set(levels.values()) == {"restricted"}


def test_the_hubs_namespace_claims_what_the_server_serves(program: Program) -> None:
    recorded = program(on(shared=SHARED)).recorded
    volume = recorded.one("kubernetes:core/v1:PersistentVolume")
    assert volume["spec"]["nfs"] == {"server": NFS_IP, "path": "/"}
    assert volume["spec"]["claimRef"] == {"namespace": "jhub", "name": "gateway-files"}
    claim = recorded.one("kubernetes:core/v1:PersistentVolumeClaim")
    assert (claim["metadata"]["namespace"], claim["metadata"]["name"]) == ("jhub", "gateway-files")
    assert claim["spec"]["storageClassName"] == ""


def test_users_pods_end_before_the_server_and_the_claim_with_them(program: Program, asked: list[Any]) -> None:
    program(on(shared=SHARED))
    named = {one.name: one for one in asked}
    assert "gw25-hub-files-release" in waits_for(named["gw25-hub-namespace"])
    for name in ("gw25-hub-files-nfs", "gw25-hub-files-claim"):
        assert named[name].deletedWith.endswith("::gw25-hub-namespace")


def test_the_volume_stays_where_homes_are_kept_and_goes_before_the_cluster(
    program: Program, asked: list[Any]
) -> None:
    def keep(config: dict[str, Any]) -> None:
        on(shared=SHARED)(config)
        config.update({"gateway:keep": ["homes"], "gateway:protect": True})

    program(on(shared=SHARED))
    program(keep)
    goes, stays = (one for one in asked if one.type == VOLUME)
    assert "gw25-magnum" in waits_for(goes)
    assert goes.deleteBeforeReplace
    assert not goes.retainOnDelete
    assert not goes.importId
    assert stays.retainOnDelete
    assert stays.protect


def test_a_volume_that_is_there_is_taken_over_and_grows(
    program: Program, asked: list[Any], survey: dict[str, Any]
) -> None:
    survey["files"] = "v-1"
    program(on(shared=SHARED))
    [volume] = (one for one in asked if one.type == VOLUME)
    assert volume.importId == "v-1"
    assert not volume.ignoreChanges


@pytest.mark.parametrize("slug", ["default", "idv"])
@pytest.mark.parametrize("storage", [{"type": "home"}, {"type": "none"}, NFS], ids=lambda one: one["type"])
def test_users_read_and_writers_write_in_every_container(slug: str, storage: dict[str, Any]) -> None:
    shared = {**SHARED, "writers": ["staff"]}
    values = make_values(groups={"staff": ["user2"]}, shared=shared, storage=storage)
    assert schema_errors(values) == []

    def readonly(name: str) -> list[bool]:
        made = pod(values, slug, user=user(name))["spec"]
        known = {volume["name"] for volume in made["volumes"]}
        mounts = [mount for container in made["containers"] for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in mounts} <= known
        assert len(known) == len(made["volumes"])
        return [mount.get("readOnly", False) for mount in mounts if mount["mountPath"] == FOLDER]

    containers = 2 if slug == "idv" else 1
    assert readonly("user1") == [True] * containers
    assert readonly("user2") == [False] * containers
    assert readonly("admin1") == [False] * containers


def test_an_issuers_groups_write_too() -> None:
    values = make_values(shared={**SHARED, "writers": ["met"]}, auth=OIDC)
    [mount] = [
        one
        for one in pod(values, "default", user=user("ann", "met"))["spec"]["containers"][0]["volumeMounts"]
        if one["mountPath"] == FOLDER
    ]
    assert not mount.get("readOnly")
    # Whoever is in a group of this name without the issuer is not meant.
    values = make_values(groups={"met": ["user2"]}, shared={**SHARED, "writers": ["met"]})
    mounts = pod(values, "default", user=user("user1", "met"))["spec"]["containers"][0]["volumeMounts"]
    assert [one.get("readOnly") for one in mounts if one["mountPath"] == FOLDER] == [True]


@pytest.mark.parametrize("slug", ["default", "idv"])
def test_a_home_on_nfs_is_a_folder_of_its_user_in_every_container(slug: str) -> None:
    values = make_values(storage=NFS)
    assert schema_errors(values) == []
    made = pod(values, slug, user=user("user1"))["spec"]
    homes = [
        mount
        for container in made["containers"]
        for mount in container["volumeMounts"]
        if mount["mountPath"] == "/home/jovyan"
    ]
    assert [(one["name"], one["subPath"]) for one in homes] == [("gateway-files", "user1")] * (
        1 + (slug == "idv")
    )
    [volume] = [one for one in made["volumes"] if one["name"] == "gateway-files"]
    assert volume["persistentVolumeClaim"] == {"claimName": "gateway-files"}


def files_volume(what: str = "shared", size: int = 50, owner: Owner = OWNER, **more: Any) -> Any:
    said = {**owner.marks, FILES: what}
    return thing(**{"id": "v-1", "name": "gw25-files", "metadata": said, "size": size, **more})


def settings(**hub: Any) -> dict[str, Any]:
    return {"hub": {**stack_config()["gateway:hub"], **hub}}


def test_the_survey_finds_it(answering: Cloud) -> None:
    answering.volumes = [files_volume(), files_volume(owner=Owner("other", "gateway/dev"))]
    assert look(settings(shared=SHARED)).files == "v-1"
    assert look(settings()).files is None, "a folder that nobody wants any more goes"


@pytest.mark.parametrize(
    ("volumes", "hub", "text"),
    [
        pytest.param(
            [files_volume("homes", 100)],
            {"storage": {"type": "home"}},
            "gateway:hub.storage.type: must be nfs while homes are on volume v-1, which nobody could reach"
            " any more; to give them up, destroy the gateway without homes in gateway:keep, or, where it is"
            " gone already, run `openstack volume delete v-1`, got 'home'",
            id="homes left behind",
        ),
        pytest.param(
            [files_volume("homes", 150)],
            {"storage": NFS},
            "gateway:hub.storage.volumeGib: must be at least 150: volume v-1 can't shrink, got 100",
            id="no shared folder any more",
        ),
        pytest.param(
            [files_volume("homes", 200)],
            {"storage": NFS, "shared": SHARED},
            "gateway:hub.storage.volumeGib: must be at least 150: volume v-1 can't shrink, got 100",
            id="homes on a smaller volume",
        ),
        pytest.param(
            [files_volume(size=60)],
            {"shared": SHARED},
            "gateway:hub.shared.sizeGib: must be at least 60: volume v-1 can't shrink, got 50",
            id="a smaller shared folder",
        ),
        pytest.param(
            [files_volume(), files_volume(id="v-2")],
            {"shared": SHARED},
            "gateway:name: is the gateway of 2 volumes of files (v-1, v-2); delete all but one of them",
            id="two volumes",
        ),
        pytest.param(
            [files_volume(owner=Owner("gw25", "gateway/prod"))],
            {"shared": SHARED},
            "gateway:name: is the name of a gateway of the stack gateway/prod",
            id="another stack's",
        ),
    ],
)
def test_refused(answering: Cloud, volumes: list[Any], hub: dict[str, Any], text: str) -> None:
    answering.volumes = volumes
    with pytest.raises(SettingsError) as refused:
        look(settings(**hub))
    assert text in str(refused.value)
    assert len(refused.value.mistakes) == 1


def test_its_volume_counts_against_the_quotas_from_the_beginning(answering: Cloud) -> None:
    # Beside it are the disks of three nodes, and the hub's database.
    volumes, gib = 3 + 1 + 1, 3 * 60 + 1 + 150
    answering.limits = plenty(max_total_volume_gigabytes=gib - 1, max_total_volumes=volumes - 1)
    with pytest.raises(SettingsError) as refused:
        look(settings(storage=NFS, shared=SHARED))
    assert f"which needs {gib};" in str(refused.value)
    assert f"which needs {volumes};" in str(refused.value)
    answering.limits = plenty(max_total_volume_gigabytes=gib, max_total_volumes=volumes)
    look(settings(storage=NFS, shared=SHARED))


@pytest.mark.parametrize("keep", [frozenset(), frozenset({"homes"})], ids=["destroyed", "kept"])
def test_the_audit_lists_it(monkeypatch: pytest.MonkeyPatch, keep: frozenset[str]) -> None:
    wanted = Gateway(name=GATEWAY.name, fqdn=GATEWAY.fqdn, zone_id=GATEWAY.zone_id, keep=keep)
    volumes = [files_volume(status="available"), files_volume(owner=Owner("other", "s"), status="available")]
    cloud: Any = Cloud()
    cloud.block_storage.volumes = lambda **_: volumes
    names = names_of(wanted.name, cloud)
    [left] = audit._volumes(cloud, wanted, names)
    assert (left.kind, left.name, left.kept) == ("volume of files", "gw25-files", bool(keep))
    assert left.remove == "openstack volume delete v-1"
