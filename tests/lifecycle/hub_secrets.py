"""The secrets of a gateway: set as an operator does, and read where the cluster has them."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess

import yaml

from tests.stack import Gateway

PULL_SECRET = "gateway-registry"
COOKIES = "hub.config.JupyterHub.cookie_secret"


def new_secrets() -> dict[str, str]:
    """The secrets that an operator sets for a hub, by their keys in the settings."""
    return {
        "adminPassword": secrets.token_hex(20),
        "userPassword": secrets.token_hex(8),
        "cookieSecret": secrets.token_hex(32),
        "registryPassword": secrets.token_hex(16),
    }


def set_secrets(gateway: Gateway, chosen: dict[str, str]) -> None:
    """`pulumi config set --secret`, as the README says it: from standard input."""
    for key, value in chosen.items():
        subprocess.run(
            ["pulumi", "config", "set", "--secret", f"gateway:{key}", "--stack", gateway.name],
            cwd=gateway.folder,
            env=gateway.env,
            input=value,
            text=True,
            check=True,
        )


def client_key(gateway: Gateway) -> str:
    """A line of the private key in the stack's kubeconfig."""
    user = yaml.safe_load(gateway.outputs()["kubeconfig"])["users"][0]["user"]
    return base64.b64decode(user["client-key-data"]).decode().splitlines()[5]


def hub_secrets(gateway: Gateway) -> dict[str, str]:
    """The operator's secrets as the hub in the cluster has them."""
    data = gateway.kubectl("get", "secret", "hub", "-n", "jhub")["data"]
    values = yaml.safe_load(base64.b64decode(data["values.yaml"]))
    authenticator = values["hub"]["config"]["SharedPasswordAuthenticator"]
    pull = gateway.kubectl("get", "secret", PULL_SECRET, "-n", "jhub")["data"][".dockerconfigjson"]
    login = json.loads(base64.b64decode(pull))["auths"]["registry.test"]
    return {
        "adminPassword": authenticator["admin_password"],
        "userPassword": authenticator["user_password"],
        "cookieSecret": base64.b64decode(data[COOKIES]).decode(),
        "registryPassword": login["password"],
    }
