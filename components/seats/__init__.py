"""Room that is kept for users: seats at all times, and for workshops."""
