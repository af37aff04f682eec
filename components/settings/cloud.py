"""The settings of Pulumi's OpenStack provider (`openstack:*`), for everything else that asks the same cloud.

Keys in the stack's file are the provider's (pulumi-openstack 5.5); fields have openstacksdk's names.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


def _path(value: str) -> str:
    if "-----BEGIN" in value:  # the provider takes it, openstacksdk does not
        raise PydanticCustomError("path", "must be the path of a file, not the file's content")
    return value


Text = str | None
File = Annotated[str, AfterValidator(_path)] | None
NotOurs: Any = Field(None, exclude=True)
"""A setting of the provider's own, which does not say how the cloud is reached."""


class Login(BaseModel):
    """How to log in without clouds.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)

    auth_url: Text = Field(None, examples=["https://js2.jetstream-cloud.org:5000/v3/"])
    application_credential_id: Text = None
    application_credential_name: Text = None
    application_credential_secret: Text = Field(None, repr=False)
    username: Text = Field(None, alias="userName")
    user_id: Text = None
    password: Text = Field(None, repr=False)
    token: Text = Field(None, repr=False)
    project_id: Text = Field(None, alias="tenantId")
    project_name: Text = Field(None, alias="tenantName")
    user_domain_id: Text = None
    user_domain_name: Text = None
    project_domain_id: Text = None
    project_domain_name: Text = None
    domain_id: Text = None
    domain_name: Text = None
    default_domain: Text = None


class CloudConfig(Login):
    """How the cloud is reached. What is None here is said by OS_* or clouds.yaml, or has the default."""

    cloud: Text = Field(None, examples=["openstack"])
    """Name in clouds.yaml."""
    region_name: Text = Field(None, alias="region", examples=["IU"])
    endpoint_type: Text = Field(None, examples=["public"])
    endpoint_overrides: dict[str, str] | None = Field(None, examples=[{"dns": "https://dns.test:9001/v2/"}])
    """By a service's type: the URL to use, or another type to look for in the catalogue."""
    cacert: File = Field(None, alias="cacertFile", examples=["/etc/ssl/cloud.pem"])
    cert: File = Field(None, examples=["client.pem"])
    key: File = Field(None, examples=["client.key"])
    insecure: bool | None = Field(None, examples=[False])
    connect_retries: int | None = Field(None, alias="maxRetries", ge=0, examples=[3])

    allow_reauth: bool | None = NotOurs
    delayed_auth: bool | None = NotOurs
    disable_no_cache_header: bool | None = NotOurs
    enable_logging: bool | None = NotOurs
    swauth: bool | None = NotOurs
    system_scope: bool | None = NotOurs
    """Without a project nobody can make a cluster, and with one the provider ignores it."""


SECRETS = ("application_credential_secret", "password", "token")
