"""From an operation to bytes: templates, composer, plans, the executor and its hook."""
