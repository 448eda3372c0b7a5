"""The sandbox's own pages: where a cardholder would confirm a payment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, RedirectResponse, Response

from stripe_nb import money
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.resources.payment_intent import authenticate

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["challenge"]

# Nothing from elsewhere, no script, no frame around it.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
main {{ max-width: 26rem; margin: 12vh auto; padding: 0 1rem; line-height: 1.5; }}
button {{ font: inherit; padding: .6rem 1.2rem; margin-right: .5rem; cursor: pointer; }}
</style>
</head>
<body><main><h1>{title}</h1>{content}</main></body>
</html>
"""

_QUESTION = """<p>This is a test payment of <strong>{amount}</strong>. A bank would now
ask the cardholder to confirm it.</p>
<form method="post">
<button name="outcome" value="succeeded">Complete authentication</button>
<button name="outcome" value="failed">Fail authentication</button>
</form>"""


def challenge(
    engine: Engine, intent_id: str, secret: str, body: str, *, method: str
) -> Response:
    """Show the 3D Secure question, or carry out the answer to it."""
    call = engine.internal_call("payment_intents.confirm")
    intent = call.find("payment_intent", intent_id)
    if intent is None or call.private(intent_id).get("challenge") != secret:
        return _page("Nothing to confirm", "<p>This link is no longer valid.</p>", 404)
    if intent["status"] != "requires_action":
        return _page(
            "Nothing to confirm", "<p>This payment is already settled.</p>", 409
        )
    if method == "GET":
        amount = money.format_amount(intent["amount"], intent["currency"])
        return _page("3D Secure", _QUESTION.format(amount=escape(amount)))
    outcome = parse_qs(body).get("outcome", [""])[0]
    if outcome not in ("succeeded", "failed"):
        return _page("3D Secure", "<p>Choose one of the two answers.</p>", 400)
    return_url = intent["next_action"].get("redirect_to_url", {}).get("return_url")
    try:
        with engine.writing():
            authenticate(call, intent, succeeded=outcome == "succeeded")
    except ApiError as error:
        return _page("3D Secure", f"<p>{escape(error.message)}</p>", error.http_status)
    if not return_url:
        return _page("Thank you", f"<p>Authentication has {escape(outcome)}.</p>")
    return RedirectResponse(_returned(return_url, intent, outcome), 303, _HEADERS)


def _returned(return_url: str, intent: dict[str, str], outcome: str) -> str:
    joint = "&" if "?" in return_url else "?"
    return (
        f"{return_url}{joint}payment_intent={intent['id']}"
        f"&payment_intent_client_secret={intent['client_secret']}"
        f"&source_type=card&redirect_status={outcome}"
    )


def _page(title: str, content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        _PAGE.format(title=escape(title), content=content), status, _HEADERS
    )
