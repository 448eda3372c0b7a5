"""The 3D Secure page: where a cardholder would confirm a payment or a setup."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from starlette.responses import Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.pages import leave, page, render
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.resources import payment_intent, setup_intent
from stripe_nb.sandbox.wire import Json

__all__ = ["PATH", "challenge"]

PATH = "/_sandbox/3d_secure/{intent}/{secret}"
_KINDS = {"pi": payment_intent, "seti": setup_intent}


def challenge(visit: Visit) -> Response:
    """Show the 3D Secure question, or carry out the answer to it."""
    intent_id, secret = visit.path["intent"], visit.path["secret"]
    call = visit.call_about(intent_id)
    row = call.row(intent_id)
    intent = row.obj if row else {}
    if not row or call.private(intent_id).get("challenge") != secret:
        return page("Nothing to confirm", "<p>This link is no longer valid.</p>", 404)
    if intent["status"] != "requires_action":
        return page(
            "Nothing to confirm", "<p>This payment is already settled.</p>", 409
        )
    if not visit.is_post:
        return render(
            "challenge.html",
            title="3D Secure",
            intent=intent,
            leads_to=_ahead(call, intent),
        )
    outcome = visit.form.get("outcome")
    if outcome not in ("succeeded", "failed"):
        return page("3D Secure", "<p>Choose one of the two answers.</p>", 400)
    return_url = intent["next_action"].get("redirect_to_url", {}).get("return_url")
    kind = _KINDS[intent_id.partition("_")[0]]
    try:
        with visit.engine.writing():
            kind.authenticate(call, intent, succeeded=outcome == "succeeded")
    except ApiError as error:
        return page("3D Secure", f"<p>{escape(error.message)}</p>", error.http_status)
    if not return_url:
        return page("Thank you", f"<p>Authentication has {escape(outcome)}.</p>")
    return leave(_returned(return_url, intent, outcome))


def _ahead(call: Call, intent: Json) -> list[str | None]:
    """Return where the browser goes after the answer, step by step."""
    action = intent["next_action"].get("redirect_to_url", {})
    owner = call.private(intent["id"]).get("checkout_session")
    session = call.find("checkout.session", owner) or {}
    return [
        action.get("return_url"),
        session.get("success_url"),
        session.get("return_url"),
    ]


def _returned(return_url: str, intent: Json, outcome: str) -> str:
    kind = intent["object"]
    answer = urlencode(
        {
            kind: intent["id"],
            f"{kind}_client_secret": intent["client_secret"],
            "source_type": "card",
            "redirect_status": outcome,
        }
    )
    place, hash_sign, fragment = return_url.partition("#")
    joint = "&" if "?" in place else "?"
    return f"{place}{joint}{answer}{hash_sign}{fragment}"
