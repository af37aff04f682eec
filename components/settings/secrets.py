"""The secrets of a gateway, and what can be wrong with them. No text here ever shows one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import pulumi
from pulumi.runtime.config import is_config_secret
from pydantic import AfterValidator, ValidationError

from components.settings.errors import Mistake
from components.settings.types import Change, Form, Model


class Secrets(Model):
    """Set each with `pulumi config set --secret KEY`. The stack's file and its state hold them encrypted.

    Flat keys, since Pulumi gives a secret inside an object as plain text.
    """

    # JupyterHub's shared-password authenticator refuses shorter passwords, and two equal ones, at its start.
    # With other characters than ASCII every login is an error, and nobody can type the end of a line.
    admin_password: Annotated[
        str | None,
        AfterValidator(Form(r"[ -~]{32,}", "have 32 characters or more, all of them ASCII on one line")),
        Change.HUB,
    ] = None
    """Password of the hub's admins, needed where `gateway:auth.type` is `shared-password` or `native`. It
    must differ from `gateway:userPassword`."""
    user_password: Annotated[
        str | None,
        AfterValidator(Form(r"[ -~]{8,}", "have 8 characters or more, all of them ASCII on one line")),
        Change.HUB,
    ] = None
    """Password of the hub's users, needed where `gateway:auth.type` is `shared-password`."""
    oauth_client_secret: Annotated[str | None, Change.HUB] = None
    """Secret of the client `gateway:auth.clientId`, needed where that is set."""
    registry_password: Annotated[str | None, Change.NEXT_UP] = None
    """Password of `gateway:images.registryUser`, needed where that is set."""
    smtp_password: Annotated[str | None, Change.IN_PLACE] = None
    """Password of `gateway:monitoring.mail.user`, needed where that is set."""
    alert_webhook: Annotated[
        str | None,
        AfterValidator(Form(r"https://\S+", "be a URL that begins with https://")),
        Change.IN_PLACE,
    ] = None
    """Where alerts are posted to as JSON, if it is set and monitoring is enabled (Alertmanager's `webhook`).
    A secret, since whoever knows such a URL can post there."""
    cookie_secret: Annotated[
        str | None,
        AfterValidator(
            Form(r"[0-9a-fA-F]{64}", "be 64 hexadecimal digits, as `openssl rand -hex 32` prints them")
        ),
        Change.HUB,
    ] = None
    """Signs the cookies of users who are logged in. Without it the chart makes one and keeps it. A new one
    logs everybody out."""


SECRETS = tuple(str(field.alias) for field in Secrets.model_fields.values())
"""The keys, without their namespace."""


def secret_mistakes(config: pulumi.Config, needed: Sequence[str]) -> Iterator[Mistake]:
    """What is wrong with the secrets `needed`, which are keys without their namespace."""
    given = {key: value for key in needed if (value := config.get(key))}
    rules: dict[str, str] = {}
    try:
        Secrets.model_validate(given)
    except ValidationError as error:
        rules = {str(details["loc"][0]): str(details["msg"]) for details in error.errors()}
    rules |= {key: "is a secret that must be set" for key in needed if key not in given}
    for key in given:
        if not is_config_secret(f"{config.name}:{key}"):
            rules[key] = "must be encrypted in the stack's file"
    for key, rule in rules.items():
        full = f"{config.name}:{key}"
        yield Mistake(key=full, rule=rule, example=f"`pulumi config set --secret {full}`")
    if given.get("adminPassword") is not None and given.get("adminPassword") == given.get("userPassword"):
        yield Mistake(key=f"{config.name}:adminPassword", rule="must not be the userPassword too")
