"""What differs from cloud to cloud (site.yaml): defaults of settings, prices, what a node needs itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

NotNegative = Annotated[float, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Gpus(_Model):
    """The GPUs of a cloud's flavors."""

    resource: str
    """What Kubernetes calls them."""
    flavors: dict[str, Annotated[int, Field(ge=1)]]
    """How many an instance has."""


class Accounting(_Model):
    """Where the cloud says what is left of an allocation."""

    url: str
    resources: dict[str, str]
    """By a flavor's name up to its dot: the resource that its hours are taken from."""

    def resource(self, flavor: str) -> str | None:
        """The resource that a flavor's hours are taken from; None where it is not known."""
        return self.resources.get(flavor.partition(".")[0])


class Site(_Model):
    """One cloud."""

    public: str
    fixed: str
    subnet: str
    flavor: str
    storage_class: str
    zone: str
    su_per_hour: dict[str, NotNegative]
    accounting: Accounting
    gpus: Gpus
    system_reserve: dict[Literal["cpu", "gib"], NotNegative]


SITE = Site.model_validate(yaml.safe_load(Path(__file__).with_name("site.yaml").read_text(encoding="utf-8")))
