"""Why a demo could not be played to its end."""

from rollway.errors import RollwayError


class DemoError(RollwayError):
    """The demo cannot go on; the text says what is wrong and where."""
