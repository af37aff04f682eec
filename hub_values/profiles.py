"""Profiles that are limited to groups of users are neither shown to others nor started by them.

The hub runs this file when it starts (the chart's hub.extraConfig), after it has set the profiles.
"""

offered = c.KubeSpawner.profile_list  # noqa: F821


def allowed(profile, user):
    """Whether the settings put `user`, or who vouched for her puts her, in one of the profile's groups."""
    if "allowed_users" not in profile or user.name in profile["allowed_users"]:
        return True
    return any(group.name in profile["allowed_groups"] for group in user.groups)


def profiles(spawner):
    """What the spawner's user may start. KubeSpawner asks for it when it shows them, and at each start."""
    return [profile for profile in offered if allowed(profile, spawner.user)]


c.KubeSpawner.profile_list = profiles  # noqa: F821
