"""Helm charts: their versions, the one way to install them, and drift inside a release."""
