"""The profiles as KubeSpawner has them: where the settings put them, in which sizes, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from components.cloud.flavors import Size
from components.cluster.nodegroup import node_selector
from components.hub.catalogue import Desktop
from components.hub.desktops import Text, Values, gpu_resource, home_mounts, merge, profile, resources
from components.hub.sizes import Pod, placeholder, pods, shape
from components.settings.auth import Auth
from components.settings.errors import Mistake
from components.settings.hub import Hub, Place, Profile, ServerSize
from components.settings.model import Settings

KEY = "gateway:hub.profiles"
GROUPS = "gateway:hub.groups"
KINDS = ("guarantee", "limit")
"""KubeSpawner's words for requests and limits, which are equal: nobody takes from others on the node."""


def profile_list(
    singleuser: Values,
    enabled: Mapping[str, Desktop],
    images: Mapping[str, Text],
    hub: Hub,
    auth: Auth,
) -> list[Values]:
    """The profiles of hub_values/base.yaml, which `singleuser` has, and those of the desktops.

    Each is as `gateway:hub.profiles` says, and its description says what a server gets.
    """
    mounts = home_mounts(singleuser)
    desktops = [profile(name, desktop, images[desktop.image], mounts) for name, desktop in enabled.items()]
    placed = [
        _placed(one, hub.profiles.get(one["slug"], Profile()), hub, auth, singleuser)
        for one in [*singleuser["profileList"], *desktops]
    ]
    return [_described(one, singleuser) for one in placed]


def all_pods(singleuser: Values, enabled: Mapping[str, Desktop], settings: Settings) -> list[Pod]:
    """Each pod that a user may start, and the placeholder where seats are kept."""
    images = {desktop.image: "" for desktop in enabled.values()}
    profiles = profile_list(singleuser, enabled, images, settings.hub, settings.auth)
    group = settings.user_group.name
    started = list(pods(singleuser, profiles, group))
    return [*started, *[placeholder(started, singleuser, group)] * bool(settings.seats or settings.schedule)]


def profile_mistakes(settings: Settings, started: Iterable[Pod]) -> Iterator[Mistake]:
    """What is wrong with `gateway:hub.profiles`, and with groups and who names them. started: `all_pods`."""
    hub = settings.hub
    slugs = list(dict.fromkeys(pod.slug for pod in started if pod.slug))
    for slug, wanted in hub.profiles.items():
        key = f"{KEY}.{slug}"
        if slug not in slugs:
            yield Mistake(key=key, rule=f"must be a profile of this gateway ({', '.join(slugs)})")
        sizes = {f"{key}.sizes[{i}]": size for i, size in enumerate(wanted.sizes)}
        for where, place in {key: wanted, **sizes}.items():
            yield from _nowhere(where, place, settings)
        for group in wanted.groups:
            if group not in hub.groups and not settings.auth.tells_groups:
                rule = (
                    f"must be one of {GROUPS} ({', '.join(hub.groups) or 'none'}), or nobody could start it"
                )
                yield Mistake(key=f"{key}.groups", rule=rule, value=group)
    if slugs and all(slug in hub.profiles and hub.profiles[slug].groups for slug in slugs):
        # KubeSpawner starts a server all the same for a user who may start no profile.
        yield Mistake(key=KEY, rule="must leave at least one profile without groups, for everybody else")
    for group in hub.shared.writers if hub.shared else []:
        if group not in hub.groups and not settings.auth.tells_groups:
            rule = f"must be one of {GROUPS} ({', '.join(hub.groups) or 'none'}), or nobody of it could write"
            yield Mistake(key="gateway:hub.shared.writers", rule=rule, value=group)
    yield from _nobody(settings)


def _nowhere(where: str, place: Place, settings: Settings) -> Iterator[Mistake]:
    groups = [group.name for group in settings.node_groups]
    if place.node_group not in (None, *groups):
        rule = f"must be one of gateway:nodeGroups ({', '.join(groups)})"
        yield Mistake(key=f"{where}.nodeGroup", rule=rule, value=place.node_group)


def _nobody(settings: Settings) -> Iterator[Mistake]:
    hub = settings.hub
    for group, users in hub.groups.items():
        if not users:
            yield Mistake(key=f"{GROUPS}.{group}", rule="must name at least one user")
        for user in users:
            if settings.auth.listed_only and user not in {*hub.admins, *hub.users}:
                rule = "must be in gateway:hub.admins or gateway:hub.users, since nobody else can log in"
                yield Mistake(key=f"{GROUPS}.{group}", rule=rule, value=user)


def _placed(one: Values, wanted: Profile, hub: Hub, auth: Auth, singleuser: Values) -> Values:
    own = one.get("kubespawner_override", {})
    placed = dict(one)
    if wanted.sizes:
        # In the order of their keys: neither Pulumi nor Helm keeps another.
        choices = {
            f"{i}-{size.name}": _choice(own, size, wanted, singleuser)
            for i, size in enumerate(wanted.sizes, 1)
        }
        choices[min(choices)]["default"] = True
        placed["profile_options"] = {"size": {"display_name": "Size", "choices": choices}}
    elif override := _override(own, wanted.node_group, wanted.gpus or 0):
        placed["kubespawner_override"] = {**own, **override}
    if wanted.groups:  # hub_values/profiles.py reads them
        users = {user for group in wanted.groups for user in hub.groups.get(group, [])}
        placed["allowed_users"] = sorted(users)
        placed["allowed_groups"] = wanted.groups if auth.tells_groups else []
    return placed


def _choice(own: Values, size: ServerSize, wanted: Profile, singleuser: Values) -> Values:
    gpus = wanted.gpus if size.gpus is None else size.gpus
    amount = Size(cpu=size.cpu, gib=size.memory_gib)
    override = _override(own, size.node_group or wanted.node_group, gpus or 0, amount)
    return {
        "display_name": f"{size.name}: {shape(singleuser, {**own, **override})}",
        "kubespawner_override": override,
    }


def _override(own: Values, node_group: str | None, gpus: int, amount: Size | None = None) -> Values:
    """What changes of the override `own`: a desktop's container where it has one, else JupyterLab's."""
    override: Values = {"node_selector": node_selector(node_group)} if node_group else {}
    more = gpu_resource(gpus)
    if containers := own.get("extra_containers"):
        desktop, *others = containers
        has = resources(amount) if amount else desktop["resources"]
        asks = merge(has, {"requests": more, "limits": more})
        return {**override, "extra_containers": [{**desktop, "resources": asks}, *others]}
    if amount:
        override |= {f"cpu_{what}": amount.cpu for what in KINDS}
        override |= {f"mem_{what}": f"{amount.gib:g}G" for what in KINDS}
    return override | ({f"extra_resource_{what}s": more for what in KINDS} if more else {})


def _described(one: Values, singleuser: Values) -> Values:
    has = [] if "profile_options" in one else [shape(singleuser, one.get("kubespawner_override", {}))]
    return {**one, "description": ". ".join([*filter(None, [one.get("description")]), *has])}
