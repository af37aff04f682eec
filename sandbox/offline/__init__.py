"""What is needed only on a machine that cannot download Pulumi and its plugins."""
