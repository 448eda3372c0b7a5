"""The sandbox's own pages: what a cardholder or a customer would see.

They work without any script, take nothing from elsewhere, and show what the
API told them as text, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stripe_nb import money

__all__ = ["HEADERS", "STYLE_PATH", "leave", "page", "render", "static"]

STYLE_PATH = "/_sandbox/pages.css"

_FOLDER = Path(__file__).parent
# What of a URL may stand in a header as it is.
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")

# Nothing from elsewhere, no script, no frame around it. The origin is told to
# these pages themselves only, which know by it that a form is their own.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = money.format_amount
    environment.filters["day"] = _day
    environment.filters["interval"] = _interval
    return environment


def _day(seconds: int) -> str:
    """Return a time as a date in words.

    Examples
    --------
    >>> _day(1768435200)
    '15 January 2026'
    """
    then = datetime.fromtimestamp(seconds, UTC)
    return f"{then.day} {then:%B %Y}"


def _interval(recurring: dict[str, Any]) -> str:
    """Return how often a price recurs, in words.

    Examples
    --------
    >>> _interval({"interval": "month", "interval_count": 3})
    '3 months'
    """
    count, unit = recurring["interval_count"], recurring["interval"]
    return str(unit) if count == 1 else f"{count} {unit}s"


def render(
    template: str,
    *,
    title: str,
    status: int = 200,
    leads_to: Iterable[str | None] = (),
    **values: Any,
) -> HTMLResponse:
    """Return a page of a template.

    Parameters
    ----------
    template
        Name of a file beside this module.
    title
        Of the page.
    status
        Of the answer.
    leads_to
        URLs that its form may lead to besides the sandbox's own.
    values
        What the template shows; escaped there.
    """
    text = (
        _environment()
        .get_template(template)
        .render(title=title, style=STYLE_PATH, **values)
    )
    return HTMLResponse(text, status, {**HEADERS, **_policy(leads_to)})


def _policy(leads_to: Iterable[str | None]) -> dict[str, str]:
    """Name the places that a form may lead to; browsers also hold redirects to it."""
    sources = sorted({_source(url) for url in leads_to if url})
    action = " ".join(["'self'", *sources])
    policy = f"{HEADERS['Content-Security-Policy']}; form-action {action}"
    return {"Content-Security-Policy": policy}


def _source(url: str) -> str:
    """Return what stands for a URL in a content security policy.

    Examples
    --------
    >>> _source("https://shop.example:8443/done?x=1"), _source("shop-app://done")
    ('https://shop.example:8443', 'shop-app:')
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in ("http", "https") and _HOST.fullmatch(host):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}:"


def page(title: str, content: str, status: int = 200) -> HTMLResponse:
    """Return a page with a title and some text; `content` is HTML."""
    template = _environment().get_template("text.html")
    text = template.render(title=title, style=STYLE_PATH, content=content)
    return HTMLResponse(text, status, {**HEADERS, **_policy([])})


def static(name: str, media_type: str) -> Response:
    """Return a file that pages fetch."""
    text = (_FOLDER / "static" / name).read_text(encoding="utf-8")
    return Response(text, 200, {**HEADERS, "Cache-Control": "no-cache"}, media_type)


def leave(url: str) -> RedirectResponse:
    """Send the browser on, with a GET."""
    return RedirectResponse(url, 303, HEADERS)
