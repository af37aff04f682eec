"""Names of users: what the settings take, JupyterHub keeps, and KubeSpawner tells apart."""

from __future__ import annotations

import pytest
from jupyterhub.auth import Authenticator  # type: ignore[import-untyped]
from kubespawner.slugs import safe_slug  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from components.settings.types import UserName

KEPT = [
    "ann",
    "42",
    "ann.lee@ucar.edu",
    "ann-lee-ucar-edu",
    "b_c",
    "b-c",
    "mary ann",
    "ñandú",
    "%2e",
    "x" * 80,
    "x" * 81,
]
REFUSED = ["", " ", "a/b", "/", "Ann", "ÑANDÚ", " ann", "ann ", "ann\n"]


def taken(name: str) -> bool:
    try:
        TypeAdapter(UserName).validate_python(name)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", [*KEPT, *REFUSED])
def test_the_settings_take_what_jupyterhub_keeps(name: str) -> None:
    authenticator = Authenticator()
    kept = authenticator.normalize_username(name) == name and authenticator.validate_username(name)
    assert taken(name) == kept == (name in KEPT)


@pytest.mark.parametrize("name", [".", "..", "..."])
def test_names_that_lead_elsewhere_in_a_url_are_refused(name: str) -> None:
    # JupyterHub refuses them since version 6.
    assert not taken(name)


def test_kubespawner_has_another_name_for_each() -> None:
    slugs = {safe_slug(name) for name in KEPT}
    assert len(slugs) == len(KEPT)
    assert max(map(len, slugs)) <= 63
