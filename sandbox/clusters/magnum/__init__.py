"""Magnum's side of a cluster: the driver that Magnum calls, and the states that it sees."""
