"""Built-in monitors: sources of evidence about a release."""
