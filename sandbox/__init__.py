"""Jetstream2 on one machine: real services, and nothing of the gateway in it."""
