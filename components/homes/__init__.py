"""The users' home volumes: kept when the gateway is destroyed, taken back by its next `pulumi up`."""
