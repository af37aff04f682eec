"""Reads a stack's configuration once, checks it as a whole, and gives settings and secrets apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import ValidationError

from components.settings.errors import Mistake, SettingsError, from_pydantic
from components.settings.model import Settings

NAMESPACE = "gateway"
SECRETS: dict[str, tuple[str, str]] = {
    "adminPassword": (r".{32,}", "have 32 characters or more"),
    "userPassword": (r".{8,}", "have 8 characters or more"),
    "registryPassword": (r".+", "have a character"),
    "cookieSecret": (r"[0-9a-fA-F]{64}", "be 64 hexadecimal digits, as `openssl rand -hex 32` prints them"),
}
"""Flat keys, since a secret inside an object would come out as plain text; the form of each, and its words.

JupyterHub's shared-password authenticator refuses shorter passwords, and two equal ones, when the hub starts.
"""


def check(config: dict[str, Any]) -> Settings:
    """The settings in `config`, keys without their namespace, as the stack's file spells them.

    Raises SettingsError with one Mistake for each wrong, missing or unknown key.
    """
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        raise SettingsError(from_pydantic(error, Settings, prefix=f"{NAMESPACE}:")) from None


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
    mistakes.extend(_secret_mistakes(config, needed))
    if mistakes or settings is None:
        raise SettingsError(mistakes)
    return settings, {key: config.require_secret(key) for key in needed}


def _secret_mistakes(config: pulumi.Config, needed: list[str]) -> Iterator[Mistake]:
    """What is wrong with the secrets, without ever showing one."""
    for key in needed:
        full, value = f"{NAMESPACE}:{key}", config.get(key)
        example = f"`pulumi config set --secret {full}`"
        if not value:
            yield Mistake(key=full, rule="is a secret that must be set", example=example)
        elif not is_config_secret(full):
            yield Mistake(key=full, rule="must be encrypted in the stack's file", example=example)
        elif not re.fullmatch(SECRETS[key][0], value, re.DOTALL):
            yield Mistake(key=full, rule=f"must {SECRETS[key][1]}", example=example)
    if config.get("adminPassword") and config.get("adminPassword") == config.get("userPassword"):
        yield Mistake(key=f"{NAMESPACE}:adminPassword", rule="must not be the userPassword too")


def _parsed(config: pulumi.Config, key: str) -> Any:
    """The value of `key`: an object where the model has one, else the string that it is."""
    fields = {field.alias: field.annotation for field in Settings.model_fields.values()}
    plain = fields.get(key) in (str, str | None) or key not in fields
    return config.get(key) if plain else config.get_object(key)
