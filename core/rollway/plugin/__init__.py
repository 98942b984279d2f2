"""The plugin contract: hooks, descriptors, the loader and the registry."""
