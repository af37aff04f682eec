"""DesktopImages: published images by name, built ones by digest, and the way out without a Docker engine."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_docker
import pytest
from pulumi.runtime import rpc

from components.images import pinned
from components.settings.errors import SettingsError
from tests.unit.conftest import PUBLISHED, SECRETS, Run, stack_file

Program = Callable[..., Run]
DIGEST = f"registry.test/gateway/hawkeye@sha256:{'0' * 64}"


def build_hawkeye(config: dict[str, Any]) -> None:
    config["gateway:images"] = {
        "registry": "$REGISTRY/gateway",
        "registryUser": "robot",
        "build": ["hawkeye"],
        "buildArgs": {"BASE": "localhost/debian:12"},
        "published": {name: reference for name, reference in PUBLISHED.items() if name != "hawkeye"},
    }


def engine(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    monkeypatch.setattr("components.images.desktop_images.subprocess.run", answer)


def test_built_image_reaches_the_hub_by_its_digest(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, lambda *_, **__: None)
    monkeypatch.setenv("REGISTRY", "registry.test")
    run = program(build_hawkeye, {**SECRETS, "registryPassword": "token"})
    image = run.recorded.one("docker:index/image:Image")
    assert image["imageName"] == "registry.test/gateway/hawkeye:dev"
    assert (image["build"]["context"], image["build"]["dockerfile"]) == (
        "docker",
        "docker/hawkeye/Dockerfile",
    )
    assert image["build"]["args"] == {"BASE": "localhost/debian:12", "PUSHED_AGAIN": ""}
    assert image["registry"] == {"server": "registry.test", "username": "robot", "password": "token"}
    assert run.outputs["images"]["hawkeye"] == DIGEST
    values = run.recorded.release("jhub")["values"]
    (profile,) = [p for p in values["singleuser"]["profileList"] if p["slug"] == "hawkeye"]
    assert profile["kubespawner_override"]["extra_containers"][0]["image"] == DIGEST


def test_the_registrys_login_is_for_pulling_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, lambda *_, **__: None)
    monkeypatch.setenv("REGISTRY", "registry.test")
    recorded = program(build_hawkeye, {**SECRETS, "registryPassword": "token"}).recorded
    secret = recorded.one("kubernetes:core/v1:Secret")
    assert (secret["metadata"], secret["type"]) == (
        {"name": "gateway-registry", "namespace": "jhub"},
        "kubernetes.io/dockerconfigjson",
    )
    login = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    assert login == {"auths": {"registry.test": {"username": "robot", "password": "token"}}}
    (raw,) = [r.inputs["data"] for r in recorded.resources if r.typ == "kubernetes:core/v1:Secret"]
    assert rpc.is_rpc_secret(raw), "its data would be plain in the state"
    assert recorded.release("jhub")["values"]["imagePullSecrets"] == [{"name": "gateway-registry"}]


def test_without_a_login_there_is_no_pull_secret(program: Program) -> None:
    recorded = program().recorded
    assert not recorded.of_type("kubernetes:core/v1:Secret")
    assert "imagePullSecrets" not in recorded.release("jhub")["values"]


def test_an_image_that_is_lost_is_pushed_again_and_only_once(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch, lambda *_, **__: None)
    monkeypatch.setenv("REGISTRY", "registry.test")
    real, options = pulumi_docker.Image, []

    def image(name: str, *, opts: pulumi.ResourceOptions, **inputs: Any) -> pulumi_docker.Image:
        options.append(opts.ignore_changes)
        return real(name, opts=opts, **inputs)

    monkeypatch.setattr(pulumi_docker, "Image", image)

    def again(found: str | None) -> str:
        monkeypatch.setattr(pinned, "digest_of", lambda at, _: found if ":dev" in at else "sha256:1")
        run = program(build_hawkeye, {**SECRETS, "registryPassword": "token"})
        return str(run.recorded.one("docker:index/image:Image")["build"]["args"]["PUSHED_AGAIN"])

    assert again(None).startswith("20"), "the time, which is another one each time"
    assert again(f"sha256:{'0' * 64}") == ""
    assert options == [[], ["build.args.PUSHED_AGAIN"]], "the engine keeps the time that it has"


def test_nothing_is_built_unless_asked_for(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, lambda *_, **__: pytest.fail("no engine is needed to name published images"))
    run = program()
    assert not run.recorded.of_type("docker:index/image:Image")
    # The paper's gateway has all desktops but Metview.
    assert run.outputs["images"] == {name: at for name, at in PUBLISHED.items() if name != "metview"}


def test_the_papers_gateway_builds_all_of_them(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, lambda *_, **__: None)
    wanted = {"gateway:images": stack_file()["gateway:images"]}
    with pytest.raises(
        SettingsError, match=r"buildArgs.IDV_URL: must name environment variables that are set"
    ):
        program(lambda config: config.update(wanted))
    monkeypatch.setenv("IDV_URL", "https://unidata.test/idv.tar.gz")
    built = program(lambda config: config.update(wanted)).recorded.of_type("docker:index/image:Image")
    assert sorted(image["imageName"].rpartition("/")[2] for image in built.values()) == [
        "hawkeye:dev",
        "idv-cave:dev",
        "pyaos:dev",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(), "the docker client is not installed"),
        (subprocess.TimeoutExpired("docker", 30), "it does not answer"),
        (
            subprocess.CalledProcessError(
                1, "docker", stderr="Cannot connect to the Docker daemon at unix:///x"
            ),
            "Cannot connect to the Docker daemon",
        ),
    ],
)
def test_without_an_engine_the_published_images_are_the_way_out(
    program: Program, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    engine(monkeypatch, fail)
    monkeypatch.setenv("REGISTRY", "registry.test")
    with pytest.raises(SettingsError) as refused:
        program(build_hawkeye, {**SECRETS, "registryPassword": "token"})
    assert f"gateway:images.build: needs a Docker engine ({words}" in str(refused.value)
    assert "or name images that are published in gateway:images.published" in str(refused.value)


def test_unknown_image_is_refused(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, lambda *_, **__: None)

    def build(config: dict[str, Any]) -> None:
        config["gateway:images"] = {"registry": "registry.test", "build": ["hawkye"]}

    with pytest.raises(SettingsError) as refused:
        program(build)
    assert "gateway:images.build: must be one of: hawkeye, idv-cave, pyaos, got 'hawkye'" in str(
        refused.value
    )
