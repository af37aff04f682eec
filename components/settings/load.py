"""Reads a stack's configuration once, checks it as a whole, and gives settings and secrets apart."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic import ValidationError

from components.settings.errors import Mistake, SettingsError, from_pydantic
from components.settings.model import Settings
from components.settings.secrets import SECRETS, secret_mistakes

NAMESPACE = "gateway"


def check(config: dict[str, Any]) -> Settings:
    """The settings in `config`, keys without their namespace, as the stack's file spells them.

    Raises SettingsError with one Mistake for each wrong, missing or unknown key.
    """
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        mistakes = from_pydantic(error, Settings, prefix=f"{NAMESPACE}:", others=SECRETS)
        raise SettingsError(mistakes) from None


def load() -> tuple[Settings, dict[str, pulumi.Output[str]]]:
    """The current stack's settings, and those of SECRETS that it has.

    Raises SettingsError with one Mistake for each wrong, missing or unknown key, secrets included.
    """
    config = pulumi.Config(NAMESPACE)
    prefix = f"{NAMESPACE}:"
    keys = [key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix)]
    mistakes: list[Mistake] = []
    settings: Settings | None = None
    try:
        settings = check(
            {key: _parsed(config, key) for key in keys if key not in SECRETS and config.get(key)}
        )
    except SettingsError as error:
        mistakes.extend(error.mistakes)
    needed = ["adminPassword", "userPassword"]
    if settings is not None and settings.images.registry_user is not None:
        needed.append("registryPassword")
    if config.get("cookieSecret"):
        needed.append("cookieSecret")
    mistakes.extend(secret_mistakes(config, needed))
    if mistakes or settings is None:
        raise SettingsError(mistakes)
    return settings, {key: config.require_secret(key) for key in needed}


def _parsed(config: pulumi.Config, key: str) -> Any:
    """The value of `key`: an object where the model has one, else the string that it is."""
    fields = {field.alias: field.annotation for field in Settings.model_fields.values()}
    plain = fields.get(key) in (str, str | None) or key not in fields
    return config.get(key) if plain else config.get_object(key)
