"""Judges: from counts to an e-value to a verdict. Pure."""
