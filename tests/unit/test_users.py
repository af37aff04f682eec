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


@pytest.mark.parametrize("name", [".", "..", "...", "%2e", ".%2E"])
def test_names_that_lead_elsewhere_in_a_url_are_refused(name: str) -> None:
    # JupyterHub refuses them since version 5.5.4.
    assert not taken(name)


@pytest.mark.parametrize("name", ["\uff55ser1", "mu\u0308ller", "us\u00ader", "us\ter"])
def test_names_that_nobody_can_type_are_refused(name: str) -> None:
    assert not taken(name)


def test_kubespawner_has_another_name_for_each() -> None:
    slugs = {safe_slug(name) for name in KEPT}
    assert len(slugs) == len(KEPT)
    assert max(map(len, slugs)) <= 63
