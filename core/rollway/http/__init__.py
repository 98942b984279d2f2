"""The HTTP API: thin, it holds no rules."""
