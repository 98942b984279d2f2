"""Built-in strategies: pure planners, from settings to a plan."""
