"""The command line: thin, it speaks only the public API."""
