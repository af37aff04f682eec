"""A start is noticed within a second.

The hub runs this file when it starts (the chart's hub.extraConfig). Until a pod runs, and until the server
in it answers, JupyterHub and KubeSpawner look at random times that grow to 5 s apart, and no setting changes
that: a user waits so much longer than her desktop takes. A look costs next to nothing, since the hub watches
its pods.
"""

import inspect

from jupyterhub.utils import exponential_backoff

LONGEST_S = 1

parameters = inspect.signature(exponential_backoff).parameters.values()
defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
exponential_backoff.__defaults__ = tuple({**defaults, "max_wait": LONGEST_S}.values())
