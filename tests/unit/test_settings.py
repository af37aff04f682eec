"""Settings as an operator may write them: settings/*.happy.yaml are taken, *.error.yaml refused.

A case holds `change` (keys put into Pulumi.dev.yaml's) or `only` (all keys), `secrets`, and what to `expect`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings.errors import SettingsError
from tests.unit.conftest import Run

CASES = Path(__file__).with_name("settings")


def cases(kind: str) -> list[Any]:
    return [pytest.param(path, id=path.name.split(".")[0]) for path in sorted(CASES.glob(f"*.{kind}.yaml"))]


def run(program: Callable[..., Run], path: Path) -> tuple[dict[str, Any], Callable[[], Run]]:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))

    def apply(config: dict[str, Any]) -> None:
        if "only" in case:
            config.clear()
        config.update(case.get("only") or case.get("change") or {})

    return case, lambda: program(apply, case.get("secrets"))


@pytest.mark.parametrize("path", cases("happy"))
def test_taken(program: Callable[..., Run], path: Path) -> None:
    assert run(program, path)[1]().outputs["url"].startswith("https://gw25.")


@pytest.mark.parametrize("path", cases("error"))
def test_refused_in_clear_words_before_anything_is_created(program: Callable[..., Run], path: Path) -> None:
    case, start = run(program, path)
    with pytest.raises(SettingsError) as refused:
        start()
    for text in case["expect"]:
        assert text in str(refused.value)
    told = [str(mistake) for mistake in refused.value.mistakes]
    assert len(told) == len(set(told)), "a mistake is told once"
