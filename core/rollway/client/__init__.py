"""The client library: everything the daemon's API offers, typed; the command line uses nothing else.

::

    from rollway.client import Client

    with Client("http://127.0.0.1:7700") as client:
        rollout = client.start("shop", "prod", "2f1c9ab")
        for event in client.follow(rollout.id):
            print(event.seq, event.type)

Answers are the documents of `rollway.http.documents`; errors those of `rollway.errors`.
"""

from rollway.client.client import DEFAULT_SERVER, Client
from rollway.client.transport import StillGoing

__all__ = ["DEFAULT_SERVER", "Client", "StillGoing"]
