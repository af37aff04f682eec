"""The images of JupyterHub's chart for real nodes, under the names and tags that its values have."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from sandbox import layout
from sandbox.containers import mirror
from sandbox.containers.engine import Engine

VALUES = layout.CHARTS / "jupyterhub" / "values.yaml"
BUILT = ("pause", "k8s-image-awaiter", "kube-scheduler")
"""The images, by their last names, that are made of a program which is built here."""


def references() -> dict[str, str]:
    """The chart's own images by their last name, the sample of a user's image left out."""
    found: dict[str, str] = {}

    def look(values: Any) -> None:
        for key, value in values.items():
            if key == "image":
                found[value["name"].rpartition("/")[2]] = f"{value['name']}:{value['tag']}"
            elif isinstance(value, dict):
                look(value)

    look(yaml.safe_load(VALUES.read_text(encoding="utf-8")))
    found.pop("k8s-singleuser-sample")
    return found


def ensure(engine: Engine, say: Callable[[str], object], *, built: bool = True) -> None:
    """Build and push each unless the registry has it; `engine` has its base. Raises ContainersError.

    Without `built`, only those that need no program which is built here.
    """

    def make(name: str, reference: str) -> None:
        say(f"Image {reference}: making")
        own = name.removeprefix("k8s-")
        match own:
            case "pause" | "image-awaiter":
                mirror.push_program(reference, layout.BIN / own)
            case "kube-scheduler":
                with tempfile.TemporaryDirectory() as context:
                    shutil.copytree(layout.IMAGES / own, context, dirs_exist_ok=True)
                    shutil.copy(layout.BIN / own, context)
                    mirror.build(engine, reference, Path(context))
            case _:
                mirror.build(engine, reference, layout.IMAGES / own)

    wanted = {name: one for name, one in references().items() if built or name not in BUILT}
    missing = {name: one for name, one in wanted.items() if not mirror.has(one)}
    with ThreadPoolExecutor() as pool:
        list(pool.map(make, missing.keys(), missing.values()))
