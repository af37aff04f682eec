"""The parts of a science gateway, one component resource a file; `__main__.py` wires them."""
