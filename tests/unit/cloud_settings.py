"""What a stack may say of its cloud, and what openstacksdk must get of it."""

from __future__ import annotations

from typing import Any

KEYSTONE = "https://keystone.test:5000/v3"
CREDENTIAL = {"applicationCredentialId": "id", "applicationCredentialSecret": "hush"}
CLOUDS: dict[str, Any] = {
    "js2": {
        "auth_type": "v3applicationcredential",
        "auth": {
            "auth_url": KEYSTONE,
            "application_credential_id": "file-id",
            "application_credential_secret": "file-secret",
        },
        "region_name": "IU",
        "interface": "internal",
        "cacert": "/file.pem",
    },
    "several": {
        "auth": {"auth_url": KEYSTONE, "username": "u", "password": "p", "project_name": "p"},
        "verify": False,
        "regions": ["IU", {"name": "TACC", "values": {"auth": {"auth_url": "https://tacc.test:5000/v3"}}}],
    },
}
FILE = {**CLOUDS["js2"]["auth"], "plugin": "v3applicationcredential"}
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a name in clouds.yaml": (
        {"cloud": "js2"},
        # The provider does not read `interface` of clouds.yaml.
        {**FILE, "region": "IU", "interface": "public", "verify": "/file.pem", "network": "network"},
    ),
    "another region than that of clouds.yaml": (
        {"cloud": "js2", "region": "TACC"},
        {**FILE, "region": "TACC"},
    ),
    "a region with values of its own": (
        {"cloud": "several", "region": "TACC"},
        {"region": "TACC", "auth_url": "https://tacc.test:5000/v3", "username": "u"},
    ),
    "certificates": (
        {"cloud": "js2", "cacertFile": "/own.pem", "cert": "/own.crt", "key": "/own.key"},
        {"verify": "/own.pem", "cert": ("/own.crt", "/own.key")},
    ),
    "insecure": ({"cloud": "js2", "insecure": "true"}, {"verify": False}),
    "not insecure, whatever clouds.yaml says": ({"cloud": "several", "insecure": "false"}, {"verify": True}),
    "endpoints": (
        {
            "cloud": "js2",
            "endpointType": "admin",
            "endpointOverrides": {"dns": "https://dns.test/v2/", "network": "sdn"},
        },
        {"interface": "admin", "dns": "https://dns.test/v2/", "network": "sdn"},
    ),
    "retries": ({"cloud": "js2", "maxRetries": "3"}, {"retries": 3}),
    "what only the provider has": ({"cloud": "js2", "allowReauth": "false", "swauth": "true"}, FILE),
    "an application credential": (
        {"authUrl": KEYSTONE, **CREDENTIAL, "region": "IU", "tenantName": "ignored", "insecure": "false"},
        {
            "auth_url": KEYSTONE,
            "plugin": "v3applicationcredential",
            "application_credential_id": "id",
            "application_credential_secret": "hush",
            "project_name": None,
            "region": "IU",
            "verify": True,
            "interface": "public",
        },
    ),
    "an application credential by its name": (
        {
            "authUrl": KEYSTONE,
            "applicationCredentialName": "n",
            "applicationCredentialSecret": "hush",
            "userName": "u",
        },
        {"application_credential_name": "n", "username": "u", "user_domain_id": "default"},
    ),
    "a password": (
        {"authUrl": KEYSTONE, "userName": "u", "password": "p", "tenantName": "p", "domainName": "d"},
        {
            "plugin": "v3password",
            "username": "u",
            "password": "p",
            "project_name": "p",
            "user_domain_name": "d",
            "project_domain_name": "d",
        },
    ),
    "domains": (
        {
            "authUrl": KEYSTONE,
            "userName": "u",
            "password": "p",
            "tenantName": "p",
            "projectDomainName": "theirs",
            "defaultDomain": "ours",
        },
        {"user_domain_id": "ours", "project_domain_name": "theirs", "project_domain_id": None},
    ),
    "a token before a password": (
        {"authUrl": KEYSTONE, "userName": "u", "password": "p", "token": "t", "tenantId": "p"},
        {"plugin": "v3token", "token": "t", "username": None, "password": None, "project_id": "p"},
    ),
}
