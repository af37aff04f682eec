"""Steps that no provider has, run by pulumi-command as `python -m components.tasks.NAME`.

Each takes plain settings from its environment and secrets from standard input, prints its result to standard
output, and on failure one reason that an operator can act on to standard error.
"""
