"""Which address shows which of the sandbox's own pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_nb.sandbox.connect import onboarding
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.intake import Intake
from stripe_nb.sandbox.pages import (
    STYLE_PATH,
    challenge,
    checkout,
    links,
    page,
    portal,
    static,
)
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.resources import file_link

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["PAGES", "page_routes"]

Show = Callable[[Visit], Response]

_logger = logging.getLogger(__name__)

_FAILED = 500
_SCRIPT = "text/javascript; charset=utf-8"
PAGES: tuple[tuple[str, Show], ...] = (
    (challenge.PATH, challenge.challenge),
    (checkout.PATH, checkout.checkout),
    (checkout.THANKS_PATH, checkout.thanks),
    (links.PATH, links.open_link),
    (portal.PATH, portal.portal),
    (file_link.PATH, file_link.linked_file),
    (onboarding.PATH, onboarding.onboarding),
)
_FILES = (
    (STYLE_PATH, "pages.css", "text/css; charset=utf-8"),
    ("/v3/", "stripe.js", _SCRIPT),
    ("/v3/stripe.js", "stripe.js", _SCRIPT),
)


def page_routes(engine: Engine, base_url: str, intake: Intake) -> list[Route]:
    """Return the routes of all pages.

    Parameters
    ----------
    engine
        What they show.
    base_url
        Where they are served.
    intake
        Reads what a request brings.
    """

    def route(path: str, show: Show) -> Route:
        async def answer(http: Request) -> Response:
            try:
                body = await intake.body(http)
            except ApiError as error:
                return _refused(error)
            visit = Visit(
                engine,
                base_url,
                path=http.path_params,
                query=dict(http.query_params),
                form=dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True)),
                is_post=http.method == "POST",
            )
            with engine.lock:
                return _shown(visit, show)

        return Route(path, answer, methods=["GET", "POST"])

    def file(path: str, name: str, kind: str) -> Route:
        async def answer(http: Request) -> Response:
            return static(name, kind)

        return Route(path, answer)

    return [
        *(route(path, show) for path, show in PAGES),
        *(file(*entry) for entry in _FILES),
    ]


def _shown(visit: Visit, show: Show) -> Response:
    """Return a page; one that refuses or fails is a page too."""
    try:
        visit.engine.catch_up()
        return show(visit)
    except ApiError as error:
        return _refused(error)
    except Exception:
        _logger.exception("%s failed", show.__name__)
        return page("Failed", "<p>The sandbox failed; its log says more.</p>", _FAILED)


def _refused(error: ApiError) -> Response:
    return page("Refused", f"<p>{escape(error.message)}</p>", error.http_status)
