"""DesktopImages: the images of notebooks and desktops, published ones or built here, by reference."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker

from components.paths import DOCKER, ROOT
from components.settings.errors import Mistake
from components.settings.hub import Images

CONTEXT = DOCKER.relative_to(ROOT)
"""The build context of all images, which share parts of it; each has a folder of its own there.

Relative to the project, where the engine runs: an absolute path would differ between operators' machines.
"""


@dataclass(frozen=True, kw_only=True)
class DesktopImagesArgs:
    """What DesktopImages are made from."""

    published: Mapping[str, str]
    """Reference of each image by its name, for those that are not built."""
    settings: Images
    registry_password: pulumi.Input[str] | None
    """Of the settings' registryUser."""
    tag: str


def engine_mistakes(build: Sequence[str], known: Mapping[str, str]) -> list[Mistake]:
    """What speaks against building `build`: a name that is no image, or no Docker engine that answers."""
    unknown = [name for name in build if name not in known]
    mistakes = [
        Mistake(key="gateway:images.build", rule=f"must name images ({', '.join(sorted(known))})", value=name)
        for name in unknown
    ]
    if build and (reason := _engine_missing()) is not None:
        published = ", ".join(known[name] for name in build if name in known)
        rule = f"needs a Docker engine ({reason}); without one use the published images ({published})"
        mistakes.append(
            Mistake(key="gateway:images.build", rule=rule, value=list(build), example="build: []")
        )
    return mistakes


def _engine_missing() -> str | None:
    """Why no Docker engine answers; None where one does. The client finds it as the provider does."""
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
        self.references = {**args.published, **built}
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
        built = pulumi_docker.Image(
            f"{name}-{image}",
            image_name=f"{args.settings.registry}/{image}:{args.tag}",
            build=pulumi_docker.DockerBuildArgs(
                context=str(CONTEXT),
                dockerfile=f"{CONTEXT}/{image}/Dockerfile",
                platform="linux/amd64",
                args=dict(args.settings.build_args),
            ),
            registry=registry,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return built.repo_digest
