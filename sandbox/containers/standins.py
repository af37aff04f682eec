"""What the gateway's images are built on here: sandbox/images, in the engine and in the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import layout
from sandbox.containers import registry
from sandbox.containers.engine import Engine
from sandbox.tools import packages
from sandbox.tools.steps import fingerprint

NAMES = ("desktop", "notebook")


def name(image: str) -> str:
    """Name and tag in the registry. The tag follows the sources, so what is built on them is built again."""
    sources: list[str | Path] = [layout.IMAGES / image, *map(str, packages.DebianBase().inputs)]
    return f"sandbox/{image}-base:{fingerprint(sources)[:12]}"


def variables() -> dict[str, str]:
    """For the stack's build arguments: SANDBOX_DESKTOP_BASE and SANDBOX_NOTEBOOK_BASE."""
    return {f"SANDBOX_{image.upper()}_BASE": f"{registry.address()}/{name(image)}" for image in NAMES}


def ensure(engine: Engine, say: Callable[[str], object], names: Sequence[str] = NAMES) -> None:
    """Build and push each of `names` unless it is there; `engine` has its base. Raises ContainersError."""

    def make(image: str) -> None:
        reference = f"{engine.registry}/{name(image)}"
        if not engine.docker("images", "--quiet", reference).strip():
            say(f"Image {image}-base: building")
            arguments = ("--quiet", f"--build-arg=BASE={engine.base}", f"--tag={reference}")
            engine.docker("build", *arguments, str(layout.IMAGES / image))
        repository, _, tag = name(image).partition(":")
        if not registry.serves(f"{repository}/manifests/{tag}"):
            engine.docker("push", "--quiet", reference)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, names))
