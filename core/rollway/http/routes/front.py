"""What a browser gets at `/` until there is a console."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollway import __version__

router = APIRouter(include_in_schema=False)

_SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

_PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Rollway</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 38em; margin: 3em auto; padding: 0 1em }}
  :root {{ color-scheme: light dark }}
</style>
<h1>Rollway</h1>
<p>This daemon serves, version {__version__}. The console is not built yet; use the command line:</p>
<pre>rollway status
rollway list
rollway watch ROLLOUT</pre>
<ul>
  <li><a href="/openapi.json">/openapi.json</a>: the API</li>
  <li><a href="/api/v1/rollouts">/api/v1/rollouts</a>: rollouts, newest first</li>
  <li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
  <li><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>: health</li>
</ul>
</html>
"""


@router.head("/")
@router.get("/")
async def front() -> HTMLResponse:
    """That a daemon serves here, and where to go on."""
    return HTMLResponse(_PAGE, headers=_SAFE)
