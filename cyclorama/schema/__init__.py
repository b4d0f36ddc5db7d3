"""The graph's shapes and where their values come from; executes nothing."""
