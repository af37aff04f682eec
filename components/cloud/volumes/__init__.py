"""Volumes of the gateway that belong to no cluster."""
