"""Settings of what a gateway can have beside desktops, and has not by default."""
