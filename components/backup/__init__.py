"""Backup: snapshots of the users' homes on a schedule, and a home as it was in one of them."""
