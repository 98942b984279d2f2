"""What tests of bad input and faults share: a right file to spoil, and what a user may be told."""

import httpx

from tests.acceptance.harness import Site

FILE = """\
version: 1
application: app
environments:
  prod:
    target: {use: process, command: python server.py, health: {path: /healthz}}
    strategy: {use: canary, steps: [{weight: 5%, hold: 1m}]}
"""


def clean(text: str) -> str:
    """What a user is told; never a traceback."""
    assert "Traceback" not in text
    assert "unexpected" not in text
    return text


def nothing_begun(site: Site) -> bool:
    """Whether the daemon has neither releases nor rollouts."""
    with site.client as client:
        return not list(client.rollouts()) and not list(client.releases("app"))


def problem(answer: httpx.Response, status: int) -> str:
    """What a problem document says."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    return str(document["detail"])
