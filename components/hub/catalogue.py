"""The catalogue of desktops, hub_values/desktops.yaml: read and checked once, then frozen values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from components.cloud.flavors import Size
from components.paths import CATALOGUE
from components.settings.errors import Mistake, SettingsError, from_pydantic
from components.settings.types import Reference

NAME = r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$"
"""The form of a desktop's and an image's name, which becomes part of names in Kubernetes."""

Cpus = Annotated[float, Field(gt=0)]
# What the volumes in memory of hub_values/base.yaml may take (2 GiB /dev/shm; for a desktop also 1 GiB /tmp),
# and 1 GiB for the container's processes, which would otherwise be killed when those are full.
NotebookGib = Annotated[float, Field(ge=3)]
DesktopGib = Annotated[float, Field(ge=4)]
Name = Annotated[str, Field(pattern=NAME)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Image(_Model):
    """An image of the gateway, known by the name of its folder under docker/."""

    published: Reference | None = Field(None, examples=["quay.io/your-organization/pyaos:1.0.0"])
    """Where all gateways pull it from; None: each builds it, or names it in gateway:images.published."""
    download_gib: Annotated[float, Field(gt=0)] = Field(3, examples=[3])
    """Compressed size in GiB, for the start timeout."""


class Notebook(_Model):
    """What JupyterLab gets beside a desktop: CPUs, and memory in GiB."""

    cpu: Cpus = Field(1, examples=[1])
    memory_gib: NotebookGib = Field(4, examples=[4])


class Desktop(_Model):
    """An application with a desktop of its own, in a container beside the notebook's."""

    title: Annotated[str, Field(min_length=1)] = Field(examples=["IDV"])
    description: str = Field("", examples=["Unidata Integrated Data Viewer"])
    image: Name = Field(examples=["idv-cave"])
    command: Annotated[list[str], Field(min_length=1)] = Field(examples=[["idv"]])
    """The command that the image's entry point starts in the desktop."""
    cpu: Cpus = Field(examples=[6])
    memory_gib: DesktopGib = Field(examples=[21])
    notebook: Notebook = Notebook()
    socket: Annotated[str, Field(pattern=r"^/shared/[\w.-]+$")] = Field(
        "/shared/vnc.sock", examples=["/shared/vnc.sock"]
    )
    """The VNC server's unix socket, in a volume that only the pod's two containers share."""
    icon: Path | None = Field(None, strict=False, examples=["icons/idv.svg"])
    """An SVG for the launcher tile, relative to the catalogue; at most 64 KiB."""

    @field_validator("command")
    @classmethod
    def _startable(cls, command: list[str]) -> list[str]:
        if command[0] == "check" or not re.fullmatch(r"[\w./][\w./+-]*", command[0]):
            raise PydanticCustomError("program", "must begin with a program other than `check`")
        if any("\0" in argument for argument in command):
            raise PydanticCustomError("argument", "must not hold the character NUL")
        return command

    @field_validator("icon")
    @classmethod
    def _readable(cls, icon: Path | None, info: ValidationInfo) -> Path | None:
        if icon is None:
            return None
        folder: Path = (info.context or {}).get("folder", Path())
        found = (folder / icon).resolve()
        if found.suffix != ".svg" or not found.is_file() or found.stat().st_size > 64 * 1024:
            raise PydanticCustomError("icon", "must be an SVG file of at most 64 KiB beside the catalogue")
        return found

    @property
    def size(self) -> Size:
        """What the whole pod needs of a node: desktop and notebook."""
        return Size(cpu=self.cpu + self.notebook.cpu, gib=self.memory_gib + self.notebook.memory_gib)


class Catalogue(_Model):
    """All desktops that a gateway can offer, and the images of the desktops and the notebook."""

    notebook: Name = Field(examples=["pyaos"])
    images: dict[Name, Image] = Field({}, examples=[{"pyaos": {"downloadGib": 2}}])
    desktops: dict[Name, Desktop] = Field(examples=[{"idv": {"title": "IDV"}}])

    def enabled(self, desktops: Iterable[str] | None) -> dict[str, Desktop]:
        """The named desktops in the catalogue's order; all of them for None.

        Raises SettingsError for names that the catalogue does not have.
        """
        if desktops is None:
            return self.desktops
        wanted = list(desktops)
        if unknown := [name for name in wanted if name not in self.desktops]:
            known = ", ".join(self.desktops)
            raise SettingsError(
                [
                    Mistake(key="gateway:hub.desktops", rule=f"must be one of: {known}", value=name)
                    for name in unknown
                ]
            )
        return {name: desktop for name, desktop in self.desktops.items() if name in wanted}

    def image_names(self, desktops: Iterable[str] | None = None) -> list[str]:
        """The images of the notebook and these desktops, each once; of all desktops for None."""
        used = [self.notebook, *(desktop.image for desktop in self.enabled(desktops).values())]
        return list(dict.fromkeys(used))

    def image(self, name: str) -> Image:
        """The image's entry, or the defaults for one that is not listed."""
        return self.images.get(name, Image.model_validate({}))


def load_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """The catalogue in `path`.

    Raises SettingsError with one Mistake for each wrong, missing or unknown key.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError([Mistake(key=path.name, rule=f"must be a YAML file ({reason})")]) from None
    try:
        return Catalogue.model_validate(data, context={"folder": path.parent})
    except ValidationError as error:
        raise SettingsError(from_pydantic(error, Catalogue, prefix=f"{path.name}: ")) from None
