"""What is asked of registries, and what follows for the images of a gateway."""

from __future__ import annotations

from typing import Any

import pytest

from components.images.pinned import Pinned, pin
from components.images.registry import DeniedError, RegistryError, digest_of, split
from components.settings.errors import SettingsError
from components.settings.hub import Images
from tests.unit.registry import PASSWORD, USER, served

ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
NOWHERE = "127.0.0.1:1"
"""Nobody listens there."""


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("quay.io/a/b:1.0", ("quay.io", "a/b", "1.0")),
        (f"quay.io/a/b@{ONE}", ("quay.io", "a/b", ONE)),
        (f"quay.io/a/b:1.0@{ONE}", ("quay.io", "a/b", ONE)),
        ("localhost:5000/b:1.0", ("localhost:5000", "b", "1.0")),
        ("localhost/b", ("localhost", "b", "latest")),
        ("unidata/b:1.0", ("docker.io", "unidata/b", "1.0")),
        ("debian:12", ("docker.io", "library/debian", "12")),
    ],
)
def test_references_are_read_as_docker_reads_them(reference: str, parts: tuple[str, str, str]) -> None:
    assert split(reference) == parts


def test_a_public_image() -> None:
    with served({"a/b:1.0": ONE, f"a/b:{ONE}": ONE}) as registry:
        assert digest_of(f"{registry.host}/a/b:1.0") == ONE
        assert digest_of(f"{registry.host}/a/b@{ONE}") == ONE
        assert digest_of(f"{registry.host}/a/b:2.0") is None


@pytest.mark.parametrize("kind", ["Basic", "Bearer"])
def test_an_image_that_wants_a_login(kind: str) -> None:
    with served({"a/b:1.0": ONE}, kind) as registry:
        reference = f"{registry.host}/a/b:1.0"
        assert digest_of(reference, (USER, PASSWORD)) == ONE
        assert registry.asked == ("repository:a/b:pull" if kind == "Bearer" else "")
        for login in (None, (USER, "wrong")):
            with pytest.raises(DeniedError, match="denies it: 401"):
                digest_of(reference, login)


def test_a_registry_that_does_not_answer() -> None:
    with pytest.raises(RegistryError, match=f"^{NOWHERE} does not answer"):
        digest_of(f"{NOWHERE}/a/b:1.0")


def pinned(host: str, published: dict[str, str], *, last: dict[str, str], **settings: Any) -> Pinned:
    images = Images.model_validate({"registry": f"{host}/gw", **settings})
    return pin(images, published, tag="dev", password=PASSWORD, last=last)


def test_published_images_are_pinned_to_what_their_tags_lead_to_now() -> None:
    with served({"a/b:1.0": ONE}) as registry:
        reference = f"{registry.host}/a/b:1.0"
        by_digest = f"{registry.host}/a/b@{OTHER}"
        registry.digests[f"a/b:{OTHER}"] = OTHER
        wanted = {"pyaos": reference, "hawkeye": by_digest}
        once = {"pyaos": f"{reference}@{ONE}", "hawkeye": by_digest}
        assert pinned(registry.host, wanted, last={}).published == once
        registry.digests["a/b:1.0"] = OTHER
        assert pinned(registry.host, wanted, last=once).published["pyaos"] == f"{reference}@{OTHER}"


def test_published_images_of_a_silent_registry_stay_what_they_were() -> None:
    wanted = {"pyaos": f"{NOWHERE}/a/b:1.0"}
    before = {"pyaos": f"{NOWHERE}/a/b:1.0@{ONE}"}
    assert pinned(NOWHERE, wanted, last=before).published == before
    assert pinned(NOWHERE, wanted, last={"pyaos": f"{NOWHERE}/a/b:0.9@{ONE}"}).published == wanted
    assert pinned(NOWHERE, wanted, last={}).published == wanted


def test_published_images_that_nodes_could_not_pull_are_refused() -> None:
    with served({"a/b:1.0": ONE}) as public, served({"a/b:1.0": ONE}, "Bearer") as private:
        wanted = {"pyaos": f"{public.host}/a/b:1.1", "hawkeye": f"{private.host}/a/b:1.0"}
        with pytest.raises(SettingsError) as refused:
            pinned(public.host, wanted, last={})
        missing, denied = map(str, refused.value.mistakes)
        rule = f"must be an image that there is; {public.host} has none of this name and tag"
        assert missing == f"gateway:images.published.pyaos: {rule}, got '{public.host}/a/b:1.1'"
        assert "gateway:images.published.hawkeye: must be an image that nodes may pull" in denied
        # The login is for the registry that it is the login of.
        assert pinned(private.host, {"hawkeye": wanted["hawkeye"]}, last={}, registryUser=USER).published
        with pytest.raises(SettingsError):
            pinned(public.host, {"hawkeye": wanted["hawkeye"]}, last={}, registryUser=USER)


@pytest.mark.parametrize(
    ("at_tag", "last", "lost"),
    [
        pytest.param(ONE, ONE, False, id="as it was pushed"),
        pytest.param(ONE, None, False, id="of another life of the stack"),
        pytest.param(None, ONE, True, id="deleted"),
        pytest.param(OTHER, ONE, True, id="tag moved"),
        pytest.param(None, None, True, id="never pushed, or by a run that ended early"),
    ],
)
def test_built_images_that_are_lost(at_tag: str | None, last: str | None, lost: bool) -> None:
    with served({"gw/hawkeye:dev": at_tag} if at_tag else {}) as registry:
        before = {"hawkeye": f"{registry.host}/gw/hawkeye@{last}"} if last else {}
        found = pinned(registry.host, {}, last=before, build=["hawkeye"])
        assert found.lost == ({"hawkeye"} if lost else set())


def test_built_images_of_a_silent_registry_are_left_alone() -> None:
    before = {"hawkeye": f"{NOWHERE}/gw/hawkeye@{ONE}"}
    assert pinned(NOWHERE, {}, last=before, build=["hawkeye"]).lost == frozenset()
