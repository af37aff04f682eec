"""JupyterHub's chart uses every value that it takes, and takes none that the real one has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tornado.httpclient import AsyncHTTPClient
from traitlets.config import Config

from components.charts.versions import JUPYTERHUB
from components.hub.desktops import merge
from sandbox import layout
from sandbox.layout import ROOT
from sandbox.tests.charts import needs_helm, rendered

CHART = layout.CHARTS / JUPYTERHUB.name
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
REAL = json.loads(
    (ROOT / "tests" / "unit" / "charts" / "jupyterhub-4.4.0.values.schema.json").read_text(encoding="utf-8")
)
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
Place = tuple[str, ...]

ALL_ON = {
    "ingress": {"enabled": True},
    "scheduling": {"podPriority": {"enabled": True}},
    "singleuser": {"cpu": {"guarantee": 1}},
}
"""Some values matter only where others are set."""
OTHER: dict[Place, Any] = {
    ("hub", "activeServerLimit"): 3,
    ("hub", "cookieSecret"): "ab" * 32,
    ("hub", "db", "type"): "sqlite-memory",
    ("hub", "extraConfig"): {"mine": "c.JupyterHub.admin_users = {'me'}"},
    ("ingress", "enabled"): False,
    ("scheduling", "podPriority", "enabled"): False,
    ("hub", "services"): {"reader": {"apiToken": "ab" * 32}},
    ("imagePullSecrets",): [{"name": "pull"}],
    ("hub", "networkPolicy", "ingress"): [{"ports": [{"port": 1}]}],
    ("proxy", "chp", "networkPolicy", "ingress"): [{"ports": [{"port": 1}]}],
    ("singleuser", "networkPolicy", "ingress"): [{"ports": [{"port": 1}]}],
    ("prePuller", "extraImages"): {"desktop": {"name": "desktop", "tag": "1"}},
    ("singleuser", "extraFiles"): {"a": {"mountPath": "/a", "stringData": "text"}},
    ("singleuser", "profileList"): [{"display_name": "One", "kubespawner_override": {"image": "one:1"}}],
    ("singleuser", "storage", "type"): "none",
}
"""What to set, where the kind of the default does not say."""


def leaves(values: dict[str, Any], place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each value of the chart that is no section."""
    for key, value in values.items():
        inner = (*place, key)
        if isinstance(value, dict) and value and inner not in OTHER and key not in ("config", "extraLabels"):
            yield from leaves(value, inner)
        else:
            yield inner, value


def changed(place: Place, value: Any) -> Any:
    """Another value of the same kind."""
    if (other := OTHER.get(place, _BY_NAME.get(place[-1]))) is not None:
        return other
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case dict():
            return {"other": "one"}
        case list():
            return [{"key": "other", "operator": "Exists"}]
    return f"{value or ''}x"


_CONTAINERS = [{"name": "more", "image": "more:1"}]
_BY_NAME = {
    "accessModes": ["ReadWriteMany"],
    "config": {"KubeSpawner": {"http_timeout": 7}},
    "egress": [{"ports": [{"port": 1}]}],
    "extraContainers": _CONTAINERS,
    "extraVolumeMounts": {"more": {"name": "more", "mountPath": "/more"}},
    "extraVolumes": {"more": {"name": "more", "emptyDir": {}}},
    "guarantee": 2,
    "hosts": ["host.test"],
    "initContainers": _CONTAINERS,
    "lifecycleHooks": {"preStop": {"exec": {"command": ["true"]}}},
    "limit": 3,
    "loadRoles": {"readers": {"scopes": ["list:users"]}},
    "matchNodePurpose": "require",
    "pullPolicy": "Always",
    "resources": {"requests": {"cpu": "1"}},
    "storageAccessModes": ["ReadWriteMany"],
    "tls": [{"hosts": ["host.test"], "secretName": "certificate"}],
    "type": "NodePort",
}


def effect(values: dict[str, Any], folder: Path) -> tuple[Any, ...]:
    """What the chart makes of `values`, and JupyterHub's configuration; without the values themselves."""
    objects = rendered(JUPYTERHUB, "jhub", values)
    secret = objects.pop(("Secret", "hub"))["data"]
    del objects["Deployment", "hub"]["spec"]["template"]["metadata"]["annotations"]["checksum/values"]
    (folder / "values.yaml").write_text(yaml.safe_dump(merge(DEFAULTS, values)))
    for key in ("JupyterHub.cookie_secret", "ConfigurableHTTPProxy.auth_token", "CryptKeeper.keys"):
        (folder / f"hub.config.{key}").write_text("ab")
    code = (CHART / "files" / "jupyterhub_config.py").read_text(encoding="utf-8")
    config = Config()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HELM_RELEASE_NAME", "HELM_CHART", "POD_NAMESPACE"):
            patch.setenv(name, "jhub")
        patch.setattr(AsyncHTTPClient, "configure", lambda *_: None)  # pycurl is in the hub's image only
        exec(code.replace("/usr/local/etc/jupyterhub/secret", str(folder)), {"get_config": lambda: config})
    given = values.get("hub", {}).get("cookieSecret")
    return objects, config, given and secret["hub.config.JupyterHub.cookie_secret"]


LEAVES = dict(leaves(DEFAULTS))
SEEN_LATER = ("prePuller", "hook", "pullOnlyOnChanges")
"""What matters only in a cluster, at the second release."""
FIXED = ("singleuser", "cloudMetadata", "blockWithIptables")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    return effect(ALL_ON, tmp_path_factory.mktemp("before"))


@needs_helm
@pytest.mark.parametrize("place", sorted(LEAVES.keys() - {SEEN_LATER, FIXED}), ids=".".join)
def test_every_value_has_an_effect(place: Place, before: tuple[Any, ...], tmp_path: Path) -> None:
    one: Any = changed(place, LEAVES[place])
    for key in reversed(place):
        one = {key: one}
    objects, config, cookie = effect(merge(ALL_ON, one), tmp_path)
    assert (objects, config, cookie) != before


@needs_helm
def test_a_privileged_container_for_every_user_is_refused() -> None:
    with pytest.raises(AssertionError, match="cloudMetadata"):
        rendered(JUPYTERHUB, "jhub", {"singleuser": {"cloudMetadata": {"blockWithIptables": True}}})


def properties(schema: dict[str, Any], whole: dict[str, Any], place: Place = ()) -> Iterator[Place]:
    """Each key that a schema names."""
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    for key, inner in schema.get("properties", {}).items():
        yield (*place, key)
        yield from properties(inner, whole, (*place, key))


def test_it_takes_no_value_that_the_real_chart_has_not() -> None:
    ours, real = set(properties(SCHEMA, SCHEMA)), set(properties(REAL, REAL))
    assert {place for place in ours if not has(place, real)} == set()


def has(place: Place, real: set[Place]) -> bool:
    """Kubernetes' own objects have no schema there."""
    return place in real or (place[-1] in ("requests", "limits", "name") and place[:-1] in real)


def test_every_value_has_a_default() -> None:
    for place in properties(SCHEMA, SCHEMA):
        assert place == ("global",) or any(
            found[: len(place)] == place or place[: len(found)] == found for found in LEAVES
        ), place
