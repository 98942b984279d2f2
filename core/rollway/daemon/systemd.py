"""What a service tells systemd of itself: sd_notify(3), a datagram to the socket in `NOTIFY_SOCKET`."""

import contextlib
import os
import socket


class Notifier:
    """Tells the service manager, if there is one.

    The variable is taken out of the environment: instances and the router must not speak for the daemon.
    """

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")

    def ready(self, url: str) -> None:
        """The daemon answers."""
        self._tell("READY=1", f"STATUS=listening on {url}", f"MAINPID={os.getpid()}")

    def stopping(self) -> None:
        """The daemon ends; what it started goes on."""
        self._tell("STOPPING=1", "STATUS=stopping; applications and their traffic go on")

    def _tell(self, *words: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        name = self._address if self._address[0] == "/" else "\0" + self._address[1:]
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto("\n".join(words).encode(), name)
