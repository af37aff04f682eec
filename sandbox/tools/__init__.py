"""What the sandbox needs on this machine, set up once: programs, plugins, virtual environments."""
