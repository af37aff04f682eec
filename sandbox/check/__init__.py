"""The gateway of the sandbox as its users see it: in a browser of this machine."""
