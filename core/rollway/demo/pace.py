"""A fixed rate, whatever the answers do."""


class Pace:
    """Tells when the next request is due: `rate` a second from `start` on (seconds of any one clock).

    Who comes late catches up, so that the rate holds over time; but at most `arrears` seconds' worth, so that a machine
    that stood still is not followed by a flood.
    """

    def __init__(self, rate: float, start: float, arrears: float = 0.5) -> None:
        self._gap = 1.0 / rate
        self._next = start
        self._arrears = arrears

    def due(self, now: float) -> float:
        """When the next request is due: in the past for one that is late. Each call is one request."""
        due = max(self._next, now - self._arrears)
        self._next = due + self._gap
        return due
