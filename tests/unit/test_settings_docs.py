"""docs/settings.md and the schema in Pulumi.yaml say what the models say, and the program does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

from components import preflight
from components.cloud import survey as cloud
from components.hub.storage import all_homes, storage_mistakes
from components.settings.cloud import CloudConfig
from components.settings.errors import SettingsError
from components.settings.model import Settings
from components.settings.secrets import SECRETS, Secrets
from components.settings.types import Change
from docs import models
from docs import settings as docs
from tests.unit import conftest
from tests.unit.claims import DATABASE, Kubernetes
from tests.unit.cloud import Cloud, cluster, flavor, group, record, template, thing
from tests.unit.conftest import OWNER, Run
from tests.unit.settings_changes import CHANGES, OTHER_GROUP, placed, way

Snapshot = dict[tuple[str, str], Any]

MAGNUM = ("openstack:containerinfra/cluster:Cluster", "openstack:containerinfra/nodeGroup:NodeGroup")
BOUNDS = {"minNodeCount", "maxNodeCount", "nodeCount"}
"""What Magnum changes of a node group in place."""


def test_the_page_is_up_to_date() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `make docs`"


def test_the_schema_is_up_to_date() -> None:
    assert docs.PROJECT.read_text(encoding="utf-8") == docs.project(), "run `make docs`"


def test_every_setting_is_described_and_on_the_page() -> None:
    page = docs.page()
    for model, namespace in ((Settings, "gateway"), (Secrets, "gateway"), (CloudConfig, "openstack")):
        for setting in models.settings(model):
            assert setting.field.description, setting.key
            assert setting.change, setting.key
            assert f"| `{namespace}:{setting.key}` | " in page


def test_every_setting_has_a_case_below() -> None:
    assert {setting.key for setting in models.settings(Settings)} == set(CHANGES)


def put(config: dict[str, Any], key: str, value: Any) -> None:
    """Change one setting in a stack's configuration."""
    *path, last = key.replace("[]", ".0").split(".")
    place: Any = config
    for step in [f"gateway:{path[0]}", *path[1:]] if path else []:
        if step == "NAME":
            place = next(iter(place.values()))
        else:
            place = place[int(step)] if step == "0" else place.setdefault(step, {})
    place[last if path else f"gateway:{last}"] = value


@pytest.fixture
def running(program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Snapshot]:
    """Runs the program for a gateway that is running; gives all resources' inputs, by name and type."""
    answer = Cloud()
    answer.templates.append(template("kubernetes-1-35-noble", "newer"))
    answer.zone_list.append(thing(name=CHANGES["zone"], id="other-zone-uuid"))
    answer.flavor_list += [flavor("m3.large", 16, 60), flavor("g3.medium", 8, 30)]
    answer.network_list.append(thing(name="elsewhere", id="elsewhere-uuid"))
    answer.subnet_list.append(thing(name="elsewhere-v4"))
    answer.cluster_list = [cluster()]
    answer.groups = [
        group(name="default-worker", uuid="n-0", is_default=True),
        group(name="mediums", uuid="n-1"),
        group(name="larges", uuid="n-2"),
    ]
    answer.records = [record()]
    answer.ip_list = [thing(id="a-1", description=OWNER.description, floating_network_id="public-uuid")]
    monkeypatch.setattr(cloud, "connect", lambda _: answer)
    monkeypatch.setattr(preflight, "survey", cloud.survey)
    monkeypatch.setattr(preflight, "engine_mistakes", lambda *_: [])
    monkeypatch.setattr(client, "CoreV1Api", lambda _: Kubernetes(DATABASE))
    monkeypatch.setattr(client, "StorageV1Api", lambda _: Kubernetes())

    def look_inside(settings: Settings, *_: Any) -> preflight.Inside:
        api = client.ApiClient()
        return preflight.Inside(mistakes=storage_mistakes(settings.hub.storage, api, all_homes(api)))

    monkeypatch.setattr(preflight, "look_inside", look_inside)

    def run(*changes: tuple[str, Any]) -> Snapshot:
        def change(config: dict[str, Any]) -> None:
            config["gateway:nodeGroups"].append(dict(OTHER_GROUP))
            config["gateway:renamed"] = {"from": "gateway/older", "to": "gateway/newer"}
            for key, value in [("images.registry", "quay.io/ours"), ("images.build", ["pyaos"]), *changes]:
                put(config, key, value)

        secrets = {**conftest.SECRETS, "registryPassword": "token", "oauthClientSecret": "secret"}
        secrets["smtpPassword"] = "password"
        resources = program(change, secrets).recorded.resources
        return {
            (r.name, r.typ): json.loads(json.dumps(conftest.unwrap(r.inputs), default=str))
            for r in resources
            if not r.name.endswith("-drift")  # holds the time, which the engine ignores
        }

    return run


def changed(before: Snapshot, after: Snapshot) -> dict[tuple[str, str], set[str]]:
    """The names of the inputs that differ, by resource; of one that came or went, all of them."""
    keys = sorted(before.keys() | after.keys())
    both = {key: (before.get(key, {}), after.get(key, {})) for key in keys}
    return {
        key: {name for name in old | new if old.get(name) != new.get(name)}
        for key, (old, new) in both.items()
        if old != new or (key in before) != (key in after)
    }


@pytest.mark.parametrize("key", CHANGES)
def test_a_change_does_what_the_page_says(running: Callable[..., Snapshot], key: str) -> None:
    change = next(setting.change for setting in models.settings(Settings) if setting.key == key)
    also = [("hub.nodeGroup", CHANGES[key])] if key == "nodeGroups[].name" else []
    if change in (Change.REFUSED, Change.FOLLOWS, Change.ANOTHER):
        with pytest.raises(SettingsError) as refused:
            running((key, CHANGES[key]))
        assert [m.key.removeprefix("gateway:").startswith(key) for m in refused.value.mistakes] == [True]
        return
    has = [("auth", way(key)), ("hub.users", [])] if key.startswith(("auth.", "environment")) else []
    has += placed(key)
    before, after = running(*has), running(*has, (key, CHANGES[key]), *also)
    inputs = changed(before, after)
    types = {typ for _, typ in inputs}
    releases = {
        name for (name, typ), names in inputs.items() if typ.endswith(":Release") and "values" in names
    }
    of_magnum = {name for (_, typ), names in inputs.items() if typ in MAGNUM for name in names}
    same = before.keys() == after.keys()
    if change is Change.IN_PLACE:
        assert inputs
        assert same
        assert of_magnum <= BOUNDS
        assert "gw25-hub-release" not in releases
    elif change is Change.HUB:
        # An image that is built again has another digest, unlike the mocks' one.
        assert releases == {"gw25-hub-release"} or types == {"docker:index/image:Image"}
        assert not of_magnum
    elif change is Change.NEXT_UP:
        assert same
        assert not releases
        assert not of_magnum
        assert types <= {"command:local:Command", "kubernetes:helm.sh/v3:Release", "docker:index/image:Image"}
    elif change is Change.INGRESS:
        assert same
        assert not of_magnum
        assert releases == {"gw25-ingress-release"}
        assert inputs["gw25-ingress-namespace", "kubernetes:core/v1:Namespace"] == {"metadata"}
    elif change is Change.MONITORING:
        assert releases == {
            "gw25-hub-release",
            "gw25-monitoring-prometheus-release",
            "gw25-monitoring-grafana-release",
        }
        assert not of_magnum
        assert after.keys() < before.keys(), "it goes, and all others stay"
    elif change is Change.WORKSHOP:
        assert types == {"kubernetes:batch/v1:CronJob"}
        assert len(inputs) == len(before.keys() ^ after.keys()) == 2, "the one goes, the other comes"
    else:
        assert change is Change.REPLACED
        assert of_magnum - BOUNDS
        assert {typ for _, typ in inputs} & set(MAGNUM) == {MAGNUM[1]}


def test_every_secret_says_what_a_change_does() -> None:
    changes = {setting.key: setting.change for setting in models.settings(Secrets)}
    assert set(changes) == set(SECRETS)
