"""What only a machine needs that cannot download Pulumi and its plugins."""
