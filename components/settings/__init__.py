"""What an operator writes in `Pulumi.STACK.yaml`: the model with its defaults and rules, loading, errors."""
