"""Debian's minimal system as a base image, in the engine and in the registry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sandbox.containers import registry
from sandbox.containers.engine import BASE, Engine
from sandbox.tools import packages
from sandbox.tools.steps import run_lanes

SHARED = "localhost/sandbox-base"
"""Its name in the engine, the same for all sandboxes that use one engine."""


def ensure(engine: Engine, say: Callable[[str], object]) -> None:
    """Have it as `engine.base`. Raises ContainersError."""
    if not engine.docker("images", "--quiet", engine.base).strip():
        base = packages.DebianBase()
        run_lanes([[base]])
        with base.tarball.open("rb") as file:
            # Each import makes another image, whose builds share no layer with those of another sandbox.
            shared = f"{SHARED}:{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
        if not engine.docker("images", "--quiet", shared).strip():
            say("Base image: importing it into the Docker engine")
            # pip and npm bring their own lists of authorities, unless told otherwise.
            trust = f"ENV PIP_CERT={packages.CA_BUNDLE} NODE_EXTRA_CA_CERTS={packages.CA_BUNDLE}"
            engine.docker("import", "--change", trust, str(base.tarball), shared)
        engine.docker("tag", shared, engine.base)
    name, _, tag = BASE.partition(":")
    if not registry.serves(f"{name}/manifests/{tag}"):
        engine.docker("push", "--quiet", engine.base)
