"""DesktopImages: references to the images of notebooks and desktops, published or built here."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
import pulumi_docker

from components.images.pinned import Pinned
from components.paths import DOCKER, ROOT
from components.settings.errors import Mistake
from components.settings.hub import Images

EXAMPLE = (
    "`gateway:images: {registry: quay.io/your-organization, build: [%s], buildArgs: {IDV_URL: https://…}}`; "
    "Pulumi.dev.yaml has it in full"
)
CONTEXT = DOCKER.relative_to(ROOT)
"""The build context of all images, which share parts of it; each has a folder of its own there.

Relative to the project, where the engine runs: an absolute path would differ between operators' machines.
"""
AGAIN = "PUSHED_AGAIN"
"""A build argument that no Dockerfile uses: when the image was last found missing in its registry."""


@dataclass(frozen=True, kw_only=True)
class DesktopImagesArgs:
    """Arguments of DesktopImages."""

    pinned: Pinned
    settings: Images
    registry_password: pulumi.Input[str] | None
    """For the settings' registryUser."""
    tag: str


def name_mistakes(
    settings: Images, used: Sequence[str], known: Sequence[str], published: Mapping[str, str]
) -> list[Mistake]:
    """Unknown images in the settings, and images that are `used` but neither built nor `published`.

    used: by the gateway's desktops. known: all images of the catalogue.
    """
    mistakes = [
        Mistake(key=f"gateway:images.{key}", rule=f"must be one of: {', '.join(sorted(of))}", value=name)
        for key, names, of in (("build", settings.build, used), ("published", settings.published, known))
        for name in names
        if name not in of
    ]
    if missing := [name for name in used if name not in published and name not in settings.build]:
        rule = (
            f"must hold {', '.join(missing)}: published nowhere, so `pulumi up` builds them and pushes them "
            "to your registry. Name those that you have already in gateway:images.published"
        )
        example = EXAMPLE % ", ".join([*settings.build, *missing])
        mistakes.append(Mistake(key="gateway:images.build", rule=rule, value=settings.build, example=example))
    return mistakes


def engine_mistakes(build: Sequence[str]) -> list[Mistake]:
    """A Mistake if there is something to build, but no Docker engine that answers."""
    if not build or (reason := _engine_missing()) is None:
        return []
    rule = (
        f"needs a Docker engine ({reason}). Start one, or name images that are published in "
        "gateway:images.published"
    )
    return [Mistake(key="gateway:images.build", rule=rule, value=list(build))]


def _engine_missing() -> str | None:
    """Why no Docker engine answers; None if one does. The client finds it as the provider does."""
    try:
        subprocess.run(["docker", "version"], check=True, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return "the docker client is not installed"
    except subprocess.TimeoutExpired:
        return "it does not answer"
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip().splitlines()[-1]
    return None


class DesktopImages(pulumi.ComponentResource):
    """Images, each built only when its context changed."""

    references: dict[str, str | pulumi.Output[str]]
    """Each image by its name: by digest where it was built, else as published."""

    def __init__(
        self, name: str, args: DesktopImagesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:DesktopImages", name, None, opts)
        built = {image: self._build(name, image, args) for image in args.settings.build}
        self.references = {**args.pinned.published, **built}
        self.register_outputs({"references": self.references})

    def _build(self, name: str, image: str, args: DesktopImagesArgs) -> pulumi.Output[str]:
        registry = (
            pulumi_docker.RegistryArgs(
                server=(args.settings.registry or "").partition("/")[0],
                username=args.settings.registry_user,
                password=args.registry_password,
            )
            if args.settings.registry_user
            else None
        )
        lost = image in args.pinned.lost
        built = pulumi_docker.Image(
            f"{name}-{image}",
            image_name=f"{args.settings.registry}/{image}:{args.tag}",
            build=pulumi_docker.DockerBuildArgs(
                context=str(CONTEXT),
                dockerfile=f"{CONTEXT}/{image}/Dockerfile",
                platform="linux/amd64",
                args={
                    **args.settings.build_args,
                    AGAIN: datetime.now(UTC).isoformat(timespec="seconds") if lost else "",
                },
            ),
            registry=registry,
            # What the registry has is none of the image's inputs, so a change of this one brings it back.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[] if lost else [f"build.args.{AGAIN}"]),
        )
        return built.repo_digest
