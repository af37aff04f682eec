"""What a desktop's author writes reaches the container and the page as it was written, or is refused."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import preflight
from components.hub.catalogue import Catalogue, load_catalogue
from components.hub.desktops import taken_names
from components.hub.values import read_layers
from components.settings.errors import SettingsError
from tests.unit.conftest import Run
from tests.unit.hub import make_auth, make_hub, make_values, options_form, pod

ODD = [
    "${HOME}",
    "$(HOME)",
    "$$(HOME)",
    "$HOME $",
    "{}",
    "{username}",
    "{{user}}",
    "}{",
    "{0!r:>{width}}",
    "-",
    "--title=a  b",
    'it\'s "quoted" \\ `date`',
    "{{ .Values.hub }} {% raw %}",
    "two\nlines\ttab",
    "größe 21 °C",
    "",
]


def catalogue(folder: Path, name: str = "panoply", **desktop: Any) -> Catalogue:
    """A catalogue of one desktop."""
    plain = {"title": "Panoply", "image": "panoply", "command": ["panoply"], "cpu": 2, "memoryGib": 8}
    file = folder / "desktops.yaml"
    file.write_text(yaml.safe_dump({"notebook": "pyaos", "desktops": {name: plain | desktop}}))
    return load_catalogue(file)


def expanded_by_kubernetes(text: str) -> str:
    """What a container gets: `$$` is `$`, and `$(NAME)` the variable (k8s.io/kubernetes, expansion.go)."""
    return re.sub(r"\$(\$|\(([^)]*)\))", lambda found: "$" if found[1] == "$" else "EXPANDED", text)


def test_a_command_reaches_the_container_as_it_was_written(tmp_path: Path) -> None:
    made = catalogue(tmp_path, command=["panoply", *ODD])
    containers = pod(make_values(catalogue=made), "panoply")["spec"]["containers"]
    (args,) = [container["args"] for container in containers if container["name"] == "desktop"]
    assert [expanded_by_kubernetes(arg) for arg in args] == ["panoply", *ODD]


@pytest.mark.parametrize("text", ["<b>3D</b> & more", "{username} ${HOME} {{ user.name }}", "a \"b\" 'c'"])
def test_title_and_description_are_shown_as_they_were_written(tmp_path: Path, text: str) -> None:
    values = make_values(catalogue=catalogue(tmp_path, title=text, description=text))
    form = options_form(values)
    assert f"<h3>{html.escape(text)}</h3>" in form
    assert f"<p>{html.escape(text)}. Desktop with 2 CPU" in form
    tile = json.loads(values["singleuser"]["extraFiles"]["panoply.json"]["stringData"])
    assert tile["ServerProxy"]["servers"]["desktop-websockify"]["launcher_entry"]["title"] == text


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["check"], "desktops.panoply.command: must begin with a program other than `check`"),
        ([""], "desktops.panoply.command: must begin with a program"),
        (["-x", "panoply"], "desktops.panoply.command: must begin with a program"),
        (["panoply -x"], "desktops.panoply.command: must begin with a program"),
        (["panoply", "a\0b"], "desktops.panoply.command: must not hold the character NUL"),
    ],
)
def test_a_command_that_can_not_start_is_refused(tmp_path: Path, command: list[str], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        catalogue(tmp_path, command=command)
    assert said in str(raised.value)


def test_an_icon_is_a_file_of_the_secret_whatever_it_begins_with(tmp_path: Path) -> None:
    # The chart writes it as a block of YAML, which must not begin with a space.
    (tmp_path / "icon.svg").write_text("\ufeff\n  <svg\nxmlns='http://www.w3.org/2000/svg'/>\n")
    values = make_values(catalogue=catalogue(tmp_path, icon="icon.svg"))
    assert values["singleuser"]["extraFiles"]["panoply.svg"]["stringData"].startswith("<svg\nxmlns")


@pytest.mark.parametrize("name", ["default", "compute"])
def test_a_desktop_with_the_name_of_a_plain_profile_is_refused(tmp_path: Path, name: str) -> None:
    desktops = catalogue(tmp_path, name=name).desktops
    (mistake,) = taken_names(read_layers(make_hub(), make_auth()), desktops)
    assert mistake.key == f"desktops.yaml: desktops.{name}"
    assert "profile of hub_values/base.yaml" in mistake.rule
    assert not list(taken_names(read_layers(make_hub(), make_auth()), catalogue(tmp_path).desktops))


def test_the_program_refuses_it_before_anything_is_made(
    program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def layers(*given: Any) -> dict[str, Any]:
        layers = read_layers(*given)
        layers["singleuser"]["profileList"].append({"slug": "cave"})
        return layers

    monkeypatch.setattr(preflight, "read_layers", layers)
    with pytest.raises(SettingsError, match=r"desktops\.yaml: desktops\.cave: must not have the name"):
        program()
