"""The real OpenStack services and BIND: how each is configured, made to fit one machine, and served."""
