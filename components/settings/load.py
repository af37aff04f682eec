"""Reads a stack's configuration once, checks it as a whole, and gives settings, secrets and cloud apart."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import ValidationError

from components.settings.auth import secrets_of
from components.settings.cloud import SECRETS as CLOUD_SECRETS
from components.settings.cloud import CloudConfig, Login
from components.settings.errors import Mistake, SettingsError, from_pydantic
from components.settings.model import Settings
from components.settings.secrets import SECRETS, secret_mistakes

NAMESPACE = "gateway"
PLACEHOLDERS = (
    "xxx000000",
    "your-client-id",
    "your-gateway",
    "your-group",
    "your-organization",
    "your-staff",
    "your-university",
    "your-user-name",
)
"""What stands in the stacks' files, and in the examples of mistakes, for something of the operator's own."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The current stack's configuration, as far as it can be used."""

    settings: Settings | None
    """None: `mistakes` says why."""
    secrets: dict[str, pulumi.Output[str]]
    """Those of SECRETS that the gateway needs."""
    cloud: CloudConfig | None
    """How to reach the cloud; None: `mistakes` says why."""
    mistakes: tuple[Mistake, ...]
    """What is wrong with the stack's file, to be told together with what is wrong with the cloud."""

    def usable(self) -> tuple[Settings, CloudConfig]:
        """Settings and cloud. Raises SettingsError where one of them can't be used."""
        if self.settings is None or self.cloud is None:
            raise SettingsError(self.mistakes)
        return self.settings, self.cloud


def check(config: dict[str, Any]) -> Settings:
    """The settings in `config`, keys without their namespace, as the stack's file spells them.

    Raises SettingsError with one Mistake for each wrong, missing or unknown key.
    """
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        mistakes = from_pydantic(error, Settings, prefix=f"{NAMESPACE}:", others=SECRETS)
        raise SettingsError(mistakes) from None


def parsed(texts: Mapping[str, str]) -> dict[str, Any]:
    """A configuration as `check` takes it, of the engine's texts; keys without their namespace. Secrets are
    left out. A text is an object where the model has one, else it stays the text that it is.
    """
    fields = {field.alias: field.annotation for field in Settings.model_fields.values()}

    def value(key: str, text: str) -> Any:
        kind = fields.get(key)
        if kind in (str, str | None) or get_origin(kind) is Literal or key not in fields:
            return text
        try:
            return json.loads(text)
        except ValueError:  # text where an object or a number must be; the model says so
            return text

    read = {key: value(key, text) for key, text in texts.items() if text and key not in SECRETS}
    # Pulumi.yaml gives an empty text, object or list to each key that the stack's file does not have.
    return {key: it for key, it in read.items() if it not in ({}, [])}


def load() -> Loaded:
    """The current stack's settings and secrets, and how it reaches the cloud; each wrong key is a Mistake."""
    config = pulumi.Config(NAMESPACE)
    read = parsed({key: config.get(key) or "" for key in _keys(config)})
    mistakes = list(_placeholders(NAMESPACE, ":", read))
    settings: Settings | None = None
    try:
        settings = check(read)
    except SettingsError as error:
        mistakes.extend(error.mistakes)
    needed = list(secrets_of(read.get("auth")))
    if settings is not None and settings.images.registry_user is not None:
        needed.append("registryPassword")
    if settings is not None and settings.monitoring.mail and settings.monitoring.mail.user:
        needed.append("smtpPassword")
    needed += [key for key in ("cookieSecret", "alertWebhook") if config.get(key)]
    mistakes.extend(secret_mistakes(config, needed))
    cloud: CloudConfig | None = None
    try:
        cloud = _cloud(pulumi.Config("openstack"))
    except SettingsError as error:
        mistakes.extend(error.mistakes)
    return Loaded(
        settings=settings,
        secrets={key: config.require_secret(key) for key in needed if config.get(key)},
        cloud=cloud,
        # The value of a misspelt key may be a secret.
        mistakes=tuple(replace(m, value=None) if is_config_secret(m.key) else m for m in mistakes),
    )


def _placeholders(key: str, joint: str, value: Any) -> Iterator[Mistake]:
    """A Mistake for each text in `value`, and each name there, that nobody has filled in yet."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _placeholders(key, joint, name)
            yield from _placeholders(f"{key}{joint}{name}", ".", inner)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _placeholders(f"{key}[{i}]", ".", inner)
    elif isinstance(value, str) and any(placeholder in value for placeholder in PLACEHOLDERS):
        yield Mistake(key=key, rule="is still a placeholder; enter your own", value=value)


def registry_password() -> str | None:
    """The password of images.registryUser in plain text, for the program's own look at the registry."""
    return pulumi.Config(NAMESPACE).get("registryPassword")


def _keys(config: pulumi.Config) -> list[str]:
    """The stack's keys in the namespace of `config`, without it."""
    prefix = f"{config.name}:"
    return [key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix)]


def _cloud(config: pulumi.Config) -> CloudConfig:
    """The settings of the OpenStack provider.

    Raises SettingsError for unknown keys, for secrets in plain text, and for two ways to log in.
    """
    read = {"endpointOverrides": config.get_object}
    try:
        cloud = CloudConfig.model_validate({key: read.get(key, config.get)(key) for key in _keys(config)})
    except ValidationError as error:
        raise SettingsError(from_pydantic(error, CloudConfig, prefix=f"{config.name}:")) from None
    login = {
        name: f"{config.name}:{field.alias}"
        for name, field in Login.model_fields.items()
        if getattr(cloud, name) is not None
    }
    mistakes = [
        Mistake(
            key=login[name],
            rule="must be encrypted in the stack's file",
            example=f"`pulumi config set --secret {login[name]}`",
        )
        for name in CLOUD_SECRETS
        if name in login and not is_config_secret(login[name])
    ]
    named = f"{config.name}:cloud" if cloud.cloud else "OS_CLOUD" if os.environ.get("OS_CLOUD") else None
    if login and named:
        rule = f"has no effect beside {named}, since clouds.yaml says how to log in there; remove one of them"
        mistakes.append(Mistake(key=", ".join(login.values()), rule=rule))
    if mistakes:
        raise SettingsError(mistakes)
    return cloud
