"""Profiles as the settings want them: on their nodes, with their GPUs, in their sizes, for their users."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.cloud.flavors import Size
from components.cluster.nodegroup import NODE_GROUP_LABEL
from components.hub.profiles import all_pods
from components.hub.sizes import check_fit
from components.hub.values import read_layers
from components.site import SITE
from tests.unit.conftest import FLAVORS
from tests.unit.hub import (
    CATALOGUE,
    amount,
    make_settings,
    make_values,
    options_form,
    pod,
    profile,
    requested,
    schema_errors,
)

GROUPS = [
    {"name": "mediums", "flavor": "m3.medium", "max": 20},
    {"name": "larges", "flavor": "m3.large", "max": 4},
    {"name": "visuals", "flavor": "g3.medium", "max": 2},
]
SMALL = {"name": "small", "cpu": 2, "memoryGib": 8}
LARGE = {"name": "large", "cpu": 14, "memoryGib": 50, "nodeGroup": "larges"}
GPU = SITE.gpus.resource
OIDC = {"type": "oidc", "clientId": "an-id", "issuer": "https://idp.our-lab.edu"}


def user(name: str, *groups: str) -> Any:
    """A user as KubeSpawner sees her."""
    known = [SimpleNamespace(name=group) for group in groups]
    return SimpleNamespace(name=name, escaped_name=name, id=1, url="/", groups=known)


def limits(pod: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {part["name"]: part["resources"]["limits"] for part in pod["spec"]["containers"]}


def misfits(**changes: Any) -> dict[str, str]:
    """What is refused, by its key, of a gateway that has GROUPS."""
    settings = make_settings(nodeGroups=GROUPS, **changes)
    singleuser = read_layers(settings.hub, settings.auth)["singleuser"]
    groups = {group.name: FLAVORS[group.flavor] for group in settings.node_groups}
    started = all_pods(singleuser, CATALOGUE.enabled(settings.hub.desktops), settings)
    return {mistake.key: str(mistake) for mistake in check_fit(started, groups, FLAVORS.values())}


@pytest.mark.parametrize("slug", ["compute", "idv"])
def test_a_profile_runs_on_the_node_group_that_it_names(slug: str) -> None:
    values = make_values(profiles={slug: {"nodeGroup": "larges"}})
    assert schema_errors(values) == []
    assert pod(values, slug)["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "larges"}
    assert pod(values, "default")["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "mediums"}
    before = make_values()
    assert requested(pod(values, slug)) == requested(pod(before, slug))


def test_a_gpu_is_the_desktops_or_that_of_a_plain_notebook() -> None:
    values = make_values(profiles={"idv": {"gpus": 1}, "compute": {"gpus": 2}})
    of_desktop = limits(pod(values, "idv"))
    assert of_desktop["desktop"] == {"cpu": "6", "memory": "21Gi", GPU: "1"}
    assert GPU not in of_desktop["notebook"]
    assert limits(pod(values, "compute"))["notebook"][GPU] == "2"
    assert profile(values, "idv")["description"].endswith(
        "Desktop with 6 CPU and 21 GiB and 1 GPU, JupyterLab with 1 CPU and 4 GiB"
    )


def test_one_of_several_sizes_is_chosen_on_the_page() -> None:
    values = make_values(profiles={"idv": {"sizes": [SMALL, LARGE]}})
    assert schema_errors(values) == []
    small, large = (pod(values, "idv", size=size) for size in ("1-small", "2-large"))
    assert pod(values, "idv") == small, "the first one, where none is chosen"
    assert requested(small) == Size(cpu=3, gib=12)
    assert requested(large) == Size(cpu=15, gib=54)
    assert large["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "larges"}
    assert small["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "mediums"}
    page = options_form(values)
    words = "Desktop with 2 CPU and 8 GiB, JupyterLab with 1 CPU and 4 GiB"
    assert page.index(f"small: {words}") < page.index("large: Desktop with 14 CPU and 50 GiB")
    assert "Desktop with" not in profile(values, "idv")["description"]


def test_a_plain_profile_has_sizes_too_and_a_size_its_own_gpus() -> None:
    sizes = [{**SMALL, "gpus": 0}, {**SMALL, "name": "visual"}]
    values = make_values(profiles={"compute": {"gpus": 1, "nodeGroup": "visuals", "sizes": sizes}})
    small, visual = (pod(values, "compute", size=size) for size in ("1-small", "2-visual"))
    assert requested(small) == requested(visual) == Size(cpu=2, gib=8)
    assert amount(limits(small)["notebook"]["memory"]) == 8 * 2**30
    assert GPU not in limits(small)["notebook"]
    assert limits(visual)["notebook"][GPU] == "1"
    assert visual["spec"]["nodeSelector"] == {NODE_GROUP_LABEL: "visuals"}


def test_what_fits_the_node_group_that_it_names_is_taken() -> None:
    large = {"idv": {"sizes": [SMALL, LARGE]}, "hawkeye": {"nodeGroup": "visuals", "gpus": 1}}
    assert misfits(profiles=large) == {}


def test_a_size_that_fits_no_node_of_its_group_is_refused() -> None:
    told = misfits(profiles={"idv": {"sizes": [SMALL, {**LARGE, "nodeGroup": None}]}})
    assert set(told) == {"hub_values: profile idv, size 2-large", "hub_values: placeholder"}
    text = told["hub_values: profile idv, size 2-large"]
    assert "a node of m3.medium" in text
    assert "too large by 7.5 CPU and 25.5 GiB" in text
    assert "for example a node group of m3.large" in text


def test_a_gpu_where_the_flavor_has_none_is_refused() -> None:
    told = misfits(profiles={"idv": {"gpus": 1}}, seats=0)
    assert list(told) == ["hub_values: profile idv"]
    assert "too large by 1 GPU" in told["hub_values: profile idv"]
    assert "for example a node group of g3.medium" in told["hub_values: profile idv"]


def test_a_placeholder_makes_room_on_the_users_node_group_only() -> None:
    def room(**profiles: Any) -> dict[str, str]:
        values = make_values(profiles=profiles)
        return dict(values["scheduling"]["userPlaceholder"]["resources"]["requests"])

    assert room(idv={"sizes": [SMALL, LARGE]}) == {"cpu": "7", "memory": "25Gi"}
    moved = {"idv": {"nodeGroup": "larges"}, "cave": {"nodeGroup": "larges"}}
    assert room(**moved) == {"cpu": "3.5", "memory": "12Gi"}
    assert room(idv={"gpus": 1}) == {"cpu": "7", "memory": "25Gi", GPU: "1"}


def test_a_limited_profile_is_neither_shown_to_others_nor_started_by_them() -> None:
    values = make_values(groups={"staff": ["user1"]}, profiles={"idv": {"groups": ["staff"]}})
    assert schema_errors(values) == []
    assert pod(values, "idv", user=user("user1"))["spec"]["nodeSelector"]
    with pytest.raises(ValueError, match="No such profile: idv"):
        pod(values, "idv", user=user("user2", "staff"))
    assert 'value="idv"' in options_form(values, user=user("user1"))
    page = options_form(values, user=user("user2", "staff"))
    assert 'value="idv"' not in page
    assert 'value="cave"' in page


def test_an_issuers_groups_count_where_it_tells_them() -> None:
    limited = {"idv": {"groups": ["met", "staff"]}}
    values = make_values(auth=OIDC, groups={"staff": ["user1"]}, profiles=limited)
    assert pod(values, "idv", user=user("user2", "met"))
    assert pod(values, "idv", user=user("user1"))
    with pytest.raises(ValueError, match="No such profile"):
        pod(values, "idv", user=user("user2", "others"))


def test_without_limits_the_hub_runs_no_code_for_them() -> None:
    assert "3-profiles" not in make_values(profiles={"idv": {"gpus": 1}})["hub"]["extraConfig"]
