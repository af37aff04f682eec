"""The catalogue of desktops: what it accepts, what it says of mistakes, and how a desktop is added."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from components.hub.catalogue import load_catalogue
from components.paths import HUB_VALUES
from components.settings.errors import SettingsError
from tests.unit.conftest import FLAVORS
from tests.unit.hub import CATALOGUE, make_values, misfits, pod, profile, schema_errors

CASES = Path(__file__).parent / "cases" / "catalogue"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.happy.yaml")), ids=lambda case: case.name)
def test_accepted(case: Path) -> None:
    catalogue = load_catalogue(case)
    assert set(catalogue.image_names()) == {"pyaos", "panoply"}
    assert catalogue.image("panoply").published is None


@pytest.mark.parametrize("case", sorted(CASES.glob("*.error.yaml")), ids=lambda case: case.name)
def test_refused_with_every_mistake_named(case: Path) -> None:
    lines = case.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    with pytest.raises(SettingsError) as raised:
        load_catalogue(case)
    texts = [str(mistake) for mistake in raised.value.mistakes]
    assert len(texts) == len(expected), texts
    for part in expected:
        assert any(part in text for text in texts), f"{part!r} is not in {texts}"


def test_ours_is_whole() -> None:
    assert list(CATALOGUE.desktops) == ["idv", "cave", "hawkeye", "metview"]
    assert CATALOGUE.image_names() == ["pyaos", "idv-cave", "hawkeye", "metview"]
    assert set(CATALOGUE.images) == set(CATALOGUE.image_names())
    for desktop in CATALOGUE.desktops.values():
        assert desktop.icon is not None


def test_an_image_used_twice_is_named_once() -> None:
    assert CATALOGUE.image_names(["idv", "cave"]) == ["pyaos", "idv-cave"]
    assert CATALOGUE.image_names([]) == ["pyaos"]


def test_a_desktop_of_others_is_one_folder_and_one_entry(tmp_path: Path) -> None:
    values, image = tmp_path / "hub_values", tmp_path / "docker" / "panoply"
    shutil.copytree(HUB_VALUES, values)
    image.mkdir(parents=True)
    (image / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    with (values / "desktops.yaml").open("a", encoding="utf-8") as file:
        file.write(
            """
  panoply:
    title: Panoply
    image: panoply
    command: [panoply]
    cpu: 2
    memoryGib: 8
    icon: ../docker/panoply/icon.svg
"""
        )
    catalogue = load_catalogue(values / "desktops.yaml")
    made = make_values(catalogue=catalogue, folder=values)

    assert schema_errors(made) == []
    assert profile(made, "panoply")["display_name"] == "Panoply"
    assert "panoply" in made["prePuller"]["extraImages"]
    assert made["singleuser"]["extraFiles"]["panoply.svg"]["stringData"].startswith("<svg")
    containers = {part["name"]: part for part in pod(made, "panoply")["spec"]["containers"]}
    assert containers["desktop"]["args"] == ["panoply"]
    assert containers["desktop"]["image"].startswith("registry.test:5000/gw/panoply@")
    assert misfits(FLAVORS["m3.medium"], FLAVORS.values(), catalogue=catalogue) == []

    before = make_values()
    for slug in ("idv", "cave", "hawkeye", "metview"):
        assert profile(made, slug) == profile(before, slug)


def test_the_largest_desktop_sets_the_placeholder(tmp_path: Path) -> None:
    values = tmp_path / "hub_values"
    shutil.copytree(HUB_VALUES, values)
    file = values / "desktops.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("cpu: 6 ", "cpu: 6.5 "), encoding="utf-8")
    made = make_values(catalogue=load_catalogue(file), folder=values)
    resources = made["scheduling"]["userPlaceholder"]["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "7.5", "memory": "25Gi"}
