"""JupyterHub: the catalogue of desktops, the hub's Helm values, its storage, and its release."""
