"""What plugin authors test with: fakes and one contract suite per kind of plugin."""
