"""Helm charts: their versions and the one way to install them."""
