"""What a request's first line asks for, in the form that all the rest reads.

HTTP knows two forms of it: ``GET /v1/balance``, and the one that clients use
towards a proxy, ``GET http://127.0.0.1:4242/v1/balance``, which every server has
to take too (RFC 9112, 3.2.2). Uvicorn takes all of it for the path.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["AbsoluteTargets"]

_ABSOLUTE = re.compile(rb"(?i)(?:https?|wss?)://(?P<host>[^/]*)(?P<path>.*)")


class AbsoluteTargets:
    """Reads a whole address as its path, and its host in the place of ``Host``.

    Parameters
    ----------
    app
        What answers; whether the host is one of ours is for it to say.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, as if it had named its path alone."""
        found = _ABSOLUTE.fullmatch(scope.get("raw_path") or b"")
        if found is not None:
            path = found["path"] or b"/"
            scope = {
                **scope,
                "raw_path": path,
                "path": unquote(path.decode("latin-1")),
                "headers": [
                    (name, found["host"] if name == b"host" else value)
                    for name, value in scope["headers"]
                ],
            }
        await self._app(scope, receive, send)
