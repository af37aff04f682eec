"""Who says that a server is used: the server itself, once a minute (JUPYTERHUB_ACTIVITY_INTERVAL).

JupyterHub also asks its proxy, to which any byte of an open desktop is activity: no server with an open
page would ever be idle. There is no setting against that. But JupyterHub takes no time from a proxy that
tells none, and still checks its routes.

The hub runs this file when it starts (the chart's hub.extraConfig).
"""

from jupyterhub.proxy import ConfigurableHTTPProxy


def quiet(proxy):
    """The same class of proxy, which does not tell when a route was last used."""

    class QuietProxy(proxy):
        async def get_all_routes(self, *args, **options):
            routes = await super().get_all_routes(*args, **options)
            for route in routes.values():
                route["data"].pop("last_activity", None)
            return routes

    return QuietProxy


c.JupyterHub.proxy_class = quiet(c.JupyterHub.get("proxy_class", ConfigurableHTTPProxy))  # noqa: F821
