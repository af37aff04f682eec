"""How the cloud is reached: by the program and its hooks, and by the tasks that it starts.

All of them must reach the cloud that the provider reaches. So settings, clouds.yaml and OS_* take precedence
as in the provider (terraform-provider-openstack 3.4 and gophercloud's clientconfig):

- The log-in of a cloud with a name comes from clouds.yaml alone.
- The settings' region and certificates override those of clouds.yaml.
- OS_* fill in what the settings leave out.
- The endpoint type of clouds.yaml is ignored.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import openstack
from openstack.config import OpenStackConfig
from openstack.connection import Connection

from components.settings.cloud import SECRETS, CloudConfig, Login

if TYPE_CHECKING:
    import pulumi

VARIABLE = "OPENSTACK_CONFIG"
"""Passes the configuration to a task as JSON, except the cloud's name, which is in OS_CLOUD."""
USER = ("username", "user_id", "user_domain_id", "user_domain_name")
SCOPE = ("project_id", "project_name", "project_domain_id", "project_domain_name", "domain_id", "domain_name")
METHODS = {
    "token": ("v3token", ("token", *SCOPE)),
    "password": ("v3password", ("password", *USER, *SCOPE)),
    "application_credential_secret": (
        "v3applicationcredential",
        tuple(f"application_credential_{part}" for part in ("id", "name", "secret")) + USER,
    ),
}
"""keystoneauth's plugin and its parameters, by the secret that selects it. The first match is used."""


def connect(config: CloudConfig) -> Connection:
    """A connection that logs in when it is first used.

    Raises ConfigException or ClientException if the configuration is not enough.
    """
    own = config.model_dump(exclude_none=True)
    told = {name: text for name in CloudConfig.model_fields if (text := os.environ.get(f"OS_{name.upper()}"))}
    if own.keys() & Login.model_fields.keys():
        told.pop("cloud", None)
    if not own and "cloud" not in told:
        return openstack.connect()
    config = CloudConfig.model_validate({**told, **own})
    options: dict[str, Any] = config.model_dump(exclude={*Login.model_fields, "cloud"}, exclude_none=True)
    options["endpoint_type"] = config.endpoint_type or "public"
    for service, place in options.pop("endpoint_overrides", {}).items():
        options[f"{service}_{'endpoint_override' if '://' in place else 'service_type'}"] = place
    if config.insecure is not None:
        options["verify"] = not config.insecure
    if config.cloud is None:
        loader = OpenStackConfig(load_yaml_config=False, load_envvars=False)
        return Connection(config=loader.get_one(**_login(config), **options))
    loader = OpenStackConfig()
    entry = loader.cloud_config["clouds"].get(config.cloud, {})
    if config.region_name:  # openstacksdk refuses a region that clouds.yaml does not list
        entry["regions"] = [*entry.get("regions", []), config.region_name]
    return Connection(config=loader.get_one(config.cloud, **options))


def _login(config: CloudConfig) -> dict[str, Any]:
    """The log-in of `config`, in openstacksdk's words."""
    given = config.model_dump(include=set(Login.model_fields), exclude_none=True)
    kind, domain = "name" if config.domain_name else "id", config.domain_name or config.domain_id
    for whose in ("user", "project"):
        if not {f"{whose}_domain_id", f"{whose}_domain_name"} & given.keys():
            given[f"{whose}_domain_{kind}"] = domain or config.default_domain or "default"
    method = next((secret for secret in METHODS if secret in given), "application_credential_secret")
    plugin, words = METHODS[method]
    return {
        "auth_type": plugin,
        "auth": {word: given[word] for word in ("auth_url", *words) if word in given},
    }


def environment(config: CloudConfig, **own: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """A task's environment: `own`, and `config` for `from_environment`. It is a secret if `config` holds one.

    `pulumi destroy` takes a command's environment from the state, so run `pulumi up` after a change of
    credentials. That updates the commands and replaces none. A command with an `update` prints its old result
    (audit, homes, kubeconfig); the others run `create` again (the address's port).
    """
    import pulumi  # noqa: PLC0415  (tasks do without it, and so start in half the time)

    rest = config.model_dump(exclude={"cloud"}, exclude_none=True)
    text = json.dumps(rest, sort_keys=True)
    told: dict[str, pulumi.Input[str]] = {**own, **({"OS_CLOUD": config.cloud} if config.cloud else {})}
    if rest:
        told[VARIABLE] = pulumi.Output.secret(text) if rest.keys() & set(SECRETS) else text
    return told


def from_environment() -> Connection:
    """In a task: the connection for the configuration that `environment` passed."""
    return connect(CloudConfig.model_validate_json(os.environ.get(VARIABLE, "{}")))
