"""JupyterHub: the catalogue of desktops, their images, the hub's Helm values, and its release."""
