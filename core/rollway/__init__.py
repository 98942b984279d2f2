"""Rollway: releases that go out a little at a time and come back by themselves when they hurt."""

from rollway._version import __version__

__all__ = ["__version__"]
