"""Measures desktops against each other: the paper's stack and ours, on loopback and through a slow link."""
