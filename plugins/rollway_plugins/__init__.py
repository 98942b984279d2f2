"""Built-in plugins that touch the outside: targets and routers."""
