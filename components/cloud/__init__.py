"""The cloud: how to reach it, what it offers, and what of it belongs to this gateway."""
