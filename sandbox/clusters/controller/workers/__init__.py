"""Nodes that come and go: those that the node groups have, and those that pods need."""
