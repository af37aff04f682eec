"""The folders of components/: imports run one way; files and folders stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import components
from tests.unit.conftest import ROOT

COMPONENTS = ROOT / "components"
FOLDERS = [path for path in sorted(COMPONENTS.iterdir()) if (path / "__init__.py").exists()]
ORDER = re.findall(r"^(\w+)  +", components.__doc__ or "", re.MULTILINE)
ANYWHERE = ("paths", "site", "stack", "task")
"""What every folder may import, and what imports no folder."""


def imports(file: Path) -> Iterator[str]:
    """The folders and modules of components that a file imports, those for types alone left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    hidden = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("components")
            and node not in hidden
        ):
            module = (node.module or "").split(".")
            yield from [module[1]] if len(module) > 1 else [name.name for name in node.names]


def test_the_map_names_every_folder() -> None:
    assert sorted(ORDER) == [path.name for path in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_imports_run_one_way(folder: Path) -> None:
    allowed = {*ORDER[: ORDER.index(folder.name) + 1], *ANYWHERE}
    for file in folder.glob("*.py"):
        assert set(imports(file)) <= allowed, f"{file.relative_to(ROOT)} imports downward"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_folder_has_at_most_eight_files(folder: Path) -> None:
    files = [path.name for path in folder.iterdir() if path.is_file() and path.name != "__init__.py"]
    assert len(files) <= 8, files


def test_files_are_short() -> None:
    for path in [ROOT / "__main__.py", *COMPONENTS.rglob("*.py"), *(ROOT / "hub_values").rglob("*.yaml")]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path
