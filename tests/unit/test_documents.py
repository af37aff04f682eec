"""What the documents name is there: files, headings, tests, targets of the Makefile, charts in Renovate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from components.charts.versions import CHARTS
from tests.unit.conftest import ROOT

DOCUMENTS = [
    pytest.param(file, id=str(file.relative_to(ROOT)))
    for pattern in ("*.md", "docs/**/*.md", "sandbox/*.md", "tests/**/notes.md")
    for file in sorted(ROOT.glob(pattern))
]


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_and_targets_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:components|hub_values|docker|docs|sandbox|tests)/[\w./-]+)`", text):
        if "NAME" not in path:
            assert (ROOT / path).exists(), path
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for command in re.findall(r"`make ([a-z -]+)", text):
        assert set(command.split()) <= set(targets), command


COMMENTED = [
    file
    for pattern in ("*.yaml", "*.py", "components/**/*.py", "hub_values/**/*.yaml", "docker/**/Dockerfile")
    for file in sorted(ROOT.glob(pattern))
]


@pytest.mark.parametrize("file", COMMENTED, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_that_comments_name_are_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for path in re.findall(r"\b((?:components|hub_values|docs|tests)/[\w/-]+\.(?:py|ya?ml|md))\b", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_tests_that_are_named_exist(document: Path) -> None:
    files = {
        file.name: file for folder in ("tests", "sandbox") for file in (ROOT / folder).rglob("test_*.py")
    }
    for name, _, test in re.findall(
        r"`(test_\w+\.py)(::(test_\w+)…?)?`", document.read_text(encoding="utf-8")
    ):
        assert name in files
        assert f"def {test}" in files[name].read_text(encoding="utf-8"), test


def test_decisions_are_short_and_listed() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        assert f"({page.name})" in index
        assert len(page.read_text(encoding="utf-8").splitlines()) <= 30, page.name


def test_renovate_finds_every_chart() -> None:
    managers = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))["customManagers"]
    (charts,) = [manager for manager in managers if manager["datasourceTemplate"] == "helm"]
    pattern = charts["matchStrings"][0].replace("(?<", "(?P<")
    text = (ROOT / "components" / "charts" / "versions.py").read_text(encoding="utf-8")
    found = [match.groupdict() for match in re.finditer(pattern, text)]
    assert found == [
        {"depName": chart.name, "currentValue": chart.version, "registryUrl": chart.repository}
        for chart in CHARTS
    ]


def test_the_comparison_has_a_source_in_every_cell() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    header, _, *rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    defined = set(re.findall(r"^\[(\w+)]: https://", text, re.MULTILINE))
    assert len(rows) >= 20
    for row in rows:
        assert len(row) == len(header) + 1, row[0]
        for cell in row[1:]:
            named = re.findall(r"]\[(\w+)]", cell)
            assert named or "](" in cell or cell in ("not found", "**no**"), (row[0], cell)
            assert set(named) <= defined, (row[0], cell)
    assert set(re.findall(r"]\[(\w+)]", text)) == defined
