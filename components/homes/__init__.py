"""The users' home volumes: kept when the gateway is destroyed, given back by its next `pulumi up`."""
