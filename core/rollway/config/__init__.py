"""deploy.yaml: its models, its reader, and errors that say where and what to do."""
