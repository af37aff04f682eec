"""The hub's values: layers, the chart's schema, and what is computed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pytest
from jupyterhub.app import JupyterHub  # type: ignore[import-untyped]
from kubespawner import KubeSpawner  # type: ignore[import-untyped]

from components.cloud.flavors import Flavor
from components.hub.desktops import merge
from components.hub.values import NEW_NODE_SECONDS, read_layers
from components.paths import HUB_VALUES
from components.settings.errors import SettingsError
from components.site import SITE
from tests.unit.conftest import FLAVORS
from tests.unit.hub import (
    ADMIN_PASSWORD,
    CATALOGUE,
    WAYS,
    hub_config,
    make_auth,
    make_hub,
    make_values,
    misfits,
    profile,
    schema_errors,
)


@pytest.mark.parametrize("storage", ["none", "home"])
@pytest.mark.parametrize("desktops", [None, [], ["hawkeye"]])
def test_the_charts_schema_accepts_the_values(storage: str, desktops: list[str] | None) -> None:
    assert schema_errors(make_values(storage={"type": storage}, desktops=desktops)) == []


@pytest.mark.parametrize("auth", WAYS, ids=lambda auth: str(auth["type"]))
def test_every_key_of_hub_config_is_one_that_jupyterhub_knows(auth: dict[str, Any]) -> None:
    values = make_values(auth=auth, users=[])
    assert schema_errors(values) == []
    config = values["hub"]["config"]
    made = hub_config(values).JupyterHub.authenticator_class
    known = {ours.__name__: ours for ours in made.__mro__} | {
        "JupyterHub": JupyterHub,
        "KubeSpawner": KubeSpawner,
    }
    for name, traits in config.items():
        assert set(traits) <= set(known[name].class_traits(config=True)), name


def test_a_desktops_page_knows_what_stops_its_server_and_what_starts_it_again() -> None:
    values = make_values()
    told, cull = values["singleuser"]["extraEnv"], values["cull"]
    assert (told["GATEWAY_IDLE_S"], told["GATEWAY_WARN_S"], told["GATEWAY_AGE_S"]) == ("3600", "600", "43200")
    # The hub has heard of the last use, and it counts the age from the click on.
    interval = int(told["JUPYTERHUB_ACTIVITY_INTERVAL"])
    assert cull["timeout"] >= 3600 + interval * 1.1  # JupyterHub's own jitter
    assert cull["maxAge"] >= 43200 + NEW_NODE_SECONDS
    assert profile(values, "idv")["kubespawner_override"]["environment"]["GATEWAY_PROFILE"] == "idv"


def test_limits_are_settings() -> None:
    given = {"idleMinutes": 30, "warnMinutes": 7, "busyCpus": 2, "maxHours": 0, "servers": 20, "starts": 5}
    values = make_values(limits=given)
    assert schema_errors(values) == []
    assert (values["hub"]["activeServerLimit"], values["hub"]["concurrentSpawnLimit"]) == (20, 5)
    assert (1800 < values["cull"]["timeout"] < 2100, values["cull"]["maxAge"]) == (True, 0)
    assert values["singleuser"]["extraEnv"].items() >= {
        ("GATEWAY_IDLE_S", "1800"),
        ("GATEWAY_WARN_S", "420"),
        ("GATEWAY_AGE_S", ""),
        ("GATEWAY_BUSY_CPUS", "2"),
    }


@pytest.mark.parametrize(("idle", "warned"), [(2, 60), (5, 60), (30, 300), (600, 6000)])
def test_a_sixth_of_the_time_is_left_after_the_warning(idle: int, warned: int) -> None:
    assert make_hub(limits={"idleMinutes": idle}).limits.warn_seconds == warned


def test_merge_is_helms() -> None:
    first: dict[str, Any] = {"a": {"b": 1, "c": [1]}, "d": 1}
    merged = merge(first, {"a": {"c": [2]}, "d": {"e": 2}})
    assert merged == {"a": {"b": 1, "c": [2]}, "d": {"e": 2}}
    merged["a"]["b"] = 9
    assert first["a"]["b"] == 1


def test_every_layer_is_used_and_says_something() -> None:
    base = read_layers(make_hub(storage={"type": "none"}), make_auth())
    assert base["hub"]["config"]["JupyterHub"]["authenticator_class"] == "shared-password"
    names = {path.stem for path in (HUB_VALUES / "storage").iterdir()}
    assert names == {"none", "home", "nfs"}


def test_the_way_in_is_the_ingress_alone() -> None:
    values = make_values()
    assert values["proxy"]["service"]["type"] == "ClusterIP"
    ingress = values["ingress"]
    assert ingress["hosts"] == ["gw25.zone.test"]
    assert ingress["ingressClassName"] == "nginx"
    assert ingress["tls"] == [{"hosts": ["gw25.zone.test"], "secretName": "certmanager-tls-jupyterhub"}]
    assert ingress["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    assert ingress["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "500m"


def test_outputs_pass_through_and_secrets_stay_secret() -> None:
    async def check() -> None:
        password = pulumi.Output.secret(ADMIN_PASSWORD)
        digest = pulumi.Output.from_input("registry.test:5000/gw/pyaos@sha256:" + "1" * 64)
        images = {**dict.fromkeys(CATALOGUE.image_names(), "x/y:1"), "pyaos": digest}
        values = make_values(secrets={"adminPassword": password}, images=images)
        held = values["hub"]["config"]["SharedPasswordAuthenticator"]["admin_password"]
        assert held is password
        assert await held.is_secret()
        image = values["singleuser"]["image"]
        assert await image["name"].future() == "registry.test:5000/gw/pyaos@sha256"
        assert await image["tag"].future() == "1" * 64

    asyncio.run(check())


def test_cookies_are_signed_by_the_chart_unless_a_secret_is_given() -> None:
    assert "cookieSecret" not in make_values()["hub"]
    given = make_values(secrets={"cookieSecret": "ab" * 32})
    assert given["hub"]["cookieSecret"] == "ab" * 32
    assert schema_errors(given) == []


def test_an_image_without_tag_is_refused() -> None:
    images = dict.fromkeys(CATALOGUE.image_names(), "registry.test:5000/gw/pyaos")
    with pytest.raises(ValueError, match="must have a tag or a digest"):
        make_values(images=images)


def test_homes_and_database_are_of_the_class_and_size_asked_for() -> None:
    values = make_values(storage={"type": "home", "class": "replicated-hdd", "sizeGib": 20})
    storage = values["singleuser"]["storage"]
    assert (storage["dynamic"]["storageClass"], storage["capacity"]) == ("replicated-hdd", "20Gi")
    assert values["hub"]["db"]["pvc"]["storageClassName"] == "replicated-hdd"


def test_only_the_desktops_named_leave_a_trace() -> None:
    values = make_values(desktops=["hawkeye"])
    slugs = [profile["slug"] for profile in values["singleuser"]["profileList"]]
    assert slugs == ["default", "compute", "hawkeye"]
    assert set(values["prePuller"]["extraImages"]) == {"hawkeye"}
    assert values["scheduling"]["userPlaceholder"]["resources"]["requests"] == {
        "cpu": "3.5",
        "memory": "12Gi",
    }
    assert "idv" not in json.dumps(values)


def test_the_start_timeout_grows_with_the_image() -> None:
    with_cave, without = make_values(), make_values(desktops=["hawkeye"])
    assert with_cave["singleuser"]["startTimeout"] > without["singleuser"]["startTimeout"] > 600


def test_unknown_desktops_are_named_all_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        make_values(desktops=["idv", "panoply", "mcidas"])
    assert [mistake.value for mistake in raised.value.mistakes] == ["panoply", "mcidas"]
    assert "idv, cave, hawkeye, metview" in str(raised.value)


def test_profiles_of_the_paper() -> None:
    values = make_values()
    shape = values["singleuser"]
    assert (shape["memory"]["guarantee"], shape["cpu"]["guarantee"]) == ("12G", 3.5)
    compute = profile(values, "compute")["kubespawner_override"]
    assert (compute["mem_limit"], compute["cpu_limit"]) == ("28G", 6)
    idv = profile(values, "idv")["kubespawner_override"]
    assert (idv["mem_limit"], idv["cpu_limit"]) == ("4G", 1)
    assert idv["extra_containers"][0]["resources"]["limits"] == {"cpu": "6", "memory": "21Gi"}


def test_the_paper_fits_its_flavor() -> None:
    assert misfits(FLAVORS["m3.medium"], FLAVORS.values()) == []


def test_what_does_not_fit_is_said_with_the_amount_and_a_way_out() -> None:
    mistakes = misfits(FLAVORS["m3.quad"], FLAVORS.values(), desktops=["idv"])
    texts = {mistake.key: str(mistake) for mistake in mistakes}
    assert set(texts) == {"hub_values: profile compute", "hub_values: profile idv", "hub_values: placeholder"}
    assert "too large by 3.5 CPU and 11.5 GiB" in texts["hub_values: profile idv"]
    assert "for example a node group of m3.medium" in texts["hub_values: profile idv"]


def test_what_fits_no_flavor_has_no_example() -> None:
    tiny = Flavor(name="tiny", vcpu=1, gib=1)
    mistakes = misfits(tiny, [tiny], desktops=["idv"])
    assert mistakes
    assert all("for example" not in str(mistake) for mistake in mistakes)


def test_a_node_has_less_room_than_its_flavor() -> None:
    for flavor in FLAVORS.values():
        assert flavor.room.cpu < flavor.vcpu
        assert flavor.room.gib < flavor.gib
    assert [SITE.su_per_hour[name] for name in ("m3.quad", "m3.medium")] == [4, 8]
