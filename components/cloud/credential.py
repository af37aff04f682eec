"""What a credential must allow that the cloud refuses only when the work has begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import ForbiddenException

from components.cloud.ownership import Owner
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings

SHORT = timedelta(days=90)
"""A credential that lives no longer than a certificate of Let's Encrypt is told in time."""


def check_credential(connection: Connection, settings: Settings, _: Owner) -> str | None:
    """A warning about the credential, if there is one.

    Raises SettingsError: Magnum or Octavia would refuse it, or it ends before a cluster may be complete.
    """
    session: Any = connection.session
    token = session.auth.get_access(session)
    if token.application_credential_access_rules:  # which may hide all that follows
        raise SettingsError([_mistake("needs an application credential without access rules")])
    mistakes = [_mistake(rule) for rule in _refusals(connection, token)]
    ends = _ends(connection, token)
    left = ends - datetime.now(UTC) if ends else SHORT
    if left < timedelta(minutes=settings.timeouts.cluster):
        rule = f"needs a credential that outlives a cluster's creation; this one ends at {ends:%F %R} UTC"
        mistakes.append(_mistake(rule))
    if mistakes:
        raise SettingsError(mistakes)
    if left >= SHORT:
        return None
    return (
        f"openstack:cloud: the application credential ends on {ends:%F}, in {left.days} days; from then on"
        " neither `pulumi up` nor `pulumi destroy` can log in with it"
    )


def _mistake(rule: str) -> Mistake:
    return Mistake(key="openstack:cloud", rule=rule)


def _refusals(connection: Connection, token: Any) -> Iterator[str]:
    if token.application_credential_id and token.application_credential.get("restricted"):
        yield (
            "needs an unrestricted application credential, since Magnum makes the cluster's own from it:"
            " `openstack application credential create --unrestricted NAME`"
        )
    try:
        next(connection.load_balancer.load_balancers(limit=1), None)
    except ForbiddenException:
        held = ", ".join(sorted(token.role_names))
        yield f"needs a credential with the role load-balancer_member; it has {held}"


def _ends(connection: Connection, token: Any) -> datetime | None:
    """When the application credential ends; None: it never does, or is none."""
    if not token.application_credential_id:
        return None
    identity: Any = connection.identity  # of version 3, as application credentials are
    found = identity.get_application_credential(token.user_id, token.application_credential_id).expires_at
    return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None
