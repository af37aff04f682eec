"""None of the paper's defects is in our values, and each rule refuses its defect when it is put back.

Defects 5, 6, 9 and 10 are not of the values: see the tests of the program and its components.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.paths import HUB_VALUES
from tests.unit import hub_rules
from tests.unit.hub import make_values

Values = dict[str, Any]


def typo(values: Values) -> None:
    placeholder = values["scheduling"]["userPlaceholder"]
    placeholder["replicals"] = placeholder.pop("replicas")


def base_shape(values: Values) -> None:
    shape = {"cpu": "3.5", "memory": "12Gi"}
    values["scheduling"]["userPlaceholder"]["resources"] = {"requests": shape, "limits": shape}


def no_resources(values: Values) -> None:
    del values["scheduling"]["userPlaceholder"]["resources"]


def no_extra_images(values: Values) -> None:
    del values["prePuller"]["extraImages"]


def other_tag(values: Values) -> None:
    values["prePuller"]["extraImages"]["idv-cave"]["tag"] = "latest"


def required_label(values: Values) -> None:
    values["scheduling"]["corePods"]["nodeAffinity"]["matchNodePurpose"] = "require"


def label_by_hand(values: Values) -> None:
    values["hub"]["nodeSelector"] = {"hub.jupyter.org/node-purpose": "core"}


def empty_dir(values: Values) -> None:
    storage = values["singleuser"]["storage"]
    storage["type"] = "none"
    storage["extraVolumes"]["home"] = {"name": "home", "emptyDir": {"sizeLimit": "10Gi"}}


def no_annotation(values: Values) -> None:
    values["singleuser"]["extraAnnotations"].clear()


DEFECTS = [
    pytest.param(hub_rules.unknown_keys, typo, id="1-replicals"),
    pytest.param(hub_rules.small_placeholder, base_shape, id="2-placeholder-of-base-shape"),
    pytest.param(hub_rules.small_placeholder, no_resources, id="2-placeholder-without-resources"),
    pytest.param(hub_rules.not_pulled, no_extra_images, id="3-sidecar-not-pulled"),
    pytest.param(hub_rules.not_pulled, other_tag, id="3-another-sidecar-pulled"),
    pytest.param(hub_rules.lost_core, required_label, id="4-label-required"),
    pytest.param(hub_rules.lost_core, label_by_hand, id="4-label-put-by-hand"),
    pytest.param(hub_rules.lost_homes, empty_dir, id="8-home-in-the-pod"),
    pytest.param(hub_rules.lost_homes, no_annotation, id="8-pod-evictable"),
]


@pytest.mark.parametrize(("rule", "defect"), DEFECTS)
def test_defect_is_absent_and_refused_when_put_back(
    rule: Callable[[Values], list[str]], defect: Callable[[Values], None]
) -> None:
    values = make_values()
    assert rule(values) == []
    broken = copy.deepcopy(values)
    defect(broken)
    assert rule(broken)


def test_a_pod_with_its_home_inside_is_not_evictable_either() -> None:
    values = make_values(storage={"type": "none"})
    assert hub_rules.evictable(values) == []
    no_annotation(values)
    assert hub_rules.evictable(values)


@pytest.mark.parametrize(
    "line", ["proxy: {secretToken: abc}", "singleuser: {image: {name: a, tag: TAG}}", "admin_password: abc"]
)
def test_7_no_secret_and_nothing_to_substitute_in_the_files(tmp_path: Path, line: str) -> None:
    assert hub_rules.plain_secrets(HUB_VALUES) == []
    folder = tmp_path / "hub_values"
    shutil.copytree(HUB_VALUES, folder)
    (folder / "auth" / "more.yaml").write_text(line, encoding="utf-8")
    assert hub_rules.plain_secrets(folder)
