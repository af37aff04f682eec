"""The product runs against any OpenStack cloud and knows none of what only tries it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.paths import ROOT

PRODUCT = ("__main__.py", "Pulumi.yaml", "requirements.txt", "components", "hub_values", "docker")
WORDS = (b"sandbox", b"stand-in", b"standin")
MADE_HERE = {"__pycache__", "node_modules", "dist"}


def files(entry: Path) -> Iterator[Path]:
    """The sources below `entry`, or itself."""
    for path in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
        if path.is_file() and not MADE_HERE & set(path.parts):
            yield path


@pytest.mark.parametrize("entry", PRODUCT)
def test_the_product_knows_no_sandbox(entry: str) -> None:
    found = {str(path.relative_to(ROOT)): path.read_bytes() for path in files(ROOT / entry)}
    assert found
    texts = {path: path.encode() + content for path, content in found.items()}
    assert [path for path, text in texts.items() if any(word in text.lower() for word in WORDS)] == []
