"""The command line: thin, it speaks only the public API, through `rollway.client`.

`main` is the entry point; `commands/` holds one file for each group of commands; what costs is imported where it is
used, so that `rollway --version` and shell completion stay fast.
"""
