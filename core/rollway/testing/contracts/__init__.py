"""One suite per kind of plugin; inherit it, give its fixtures, and the plugin is held to the contract."""
