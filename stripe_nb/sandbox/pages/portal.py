"""The billing portal: a customer sees what it pays for, and changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, InvalidRequest
from stripe_nb.sandbox.pages import leave, payment_form, render
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.resources import setup_intent
from stripe_nb.sandbox.wire import Json

__all__ = ["PATH", "portal"]

PATH = "/p/session/{session}/{secret}"
_OVER = ("canceled", "incomplete_expired")


def portal(visit: Visit) -> Response:
    """Show the portal, or carry out what its customer asks for."""
    call = visit.call_about(visit.path["session"])
    session = call.find("billing_portal.session", visit.path["session"])
    if (
        session is None
        or call.private(session["id"]).get("secret") != (visit.path["secret"])
    ):
        return render(
            "message.html",
            title="Nothing to see",
            message="This link is no longer valid.",
            status=404,
        )
    problem = None
    try:
        if visit.is_post and not visit.form.get("action", "").startswith("fill:"):
            with visit.engine.writing():
                answer = _carry_out(visit, call, session)
            return leave(answer or session["url"])
        if visit.query.get("setup_intent"):
            with visit.engine.writing():
                _take_default(call, session, visit.query["setup_intent"])
    except ApiError as error:
        problem = payment_form.problem_of(error)
    return _show(visit, call, session, problem)


def _carry_out(visit: Visit, call: Call, session: Json) -> str | None:
    """Do what was asked for; return where the browser has to go first, if anywhere."""
    features = _features(call, session)
    action = visit.form.get("action", "")
    if action in ("cancel", "keep") and features["subscription_cancel"]["enabled"]:
        _set_end(visit, call, session, features, ends=action == "cancel")
        return None
    if action == "card" and features["payment_method_update"]["enabled"]:
        return _save_card(visit, call, session)
    if action == "customer" and features["customer_update"]["enabled"]:
        allowed = features["customer_update"]["allowed_updates"]
        told = {name: visit.told(name) or None for name in allowed if name in _TEXTS}
        _ask(call, "customers.update", {"customer": session["customer"]}, told)
        return None
    raise InvalidRequest("The portal does not offer this.")


_TEXTS = ("email", "name", "phone")


def _features(call: Call, session: Json) -> Json:
    found = call.get("billing_portal.configuration", session["configuration"])
    return dict(found["features"])


def _ask(call: Call, operation: str, path: Json, params: Json) -> Json:
    """Carry out an operation of the API in the customer's name."""
    known = call.engine.catalog.operation(operation)
    asked = replace(call, operation=known, path=path, params=params)
    answer: Any = call.engine.handler(known)(asked)
    return dict(answer)


def _set_end(
    visit: Visit, call: Call, session: Json, features: Json, *, ends: bool
) -> None:
    name = visit.form.get("subscription", "")
    found = call.get("subscription", name, param="subscription")
    if found["customer"] != session["customer"]:
        raise InvalidRequest(f"No such subscription: '{name}'")
    path = {"subscription_exposed_id": name}
    if ends and features["subscription_cancel"]["mode"] == "immediately":
        _ask(call, "subscriptions.cancel", path, {})
        return
    _ask(call, "subscriptions.update", path, {"cancel_at_period_end": ends})


def _save_card(visit: Visit, call: Call, session: Json) -> str | None:
    """Save a card as the customer's default; its holder may have to confirm."""
    method = payment_form.method_of(call, visit, "card")
    intent = setup_intent.open_(call, kinds=["card"], customer=session["customer"])
    intent = call.update(
        intent, payment_method=method["id"], status="requires_confirmation"
    )
    url = f"{visit.base_url}{PATH}".format_map(visit.path)
    intent, refusal = setup_intent.confirm(call, intent, return_url=url)
    if refusal:
        raise refusal
    if intent["status"] == "requires_action":
        return str(intent["next_action"]["redirect_to_url"]["url"])
    _take_default(call, session, intent["id"])
    return None


def _take_default(call: Call, session: Json, intent_id: str) -> None:
    intent = call.get("setup_intent", intent_id)
    if intent["customer"] != session["customer"]:
        raise InvalidRequest("This card is another customer's.")
    if intent["status"] != "succeeded":
        error = intent["last_setup_error"] or {}
        raise InvalidRequest(error.get("message") or "The card was not saved.")
    customer = call.get("customer", session["customer"])
    settings = {
        **customer["invoice_settings"],
        "default_payment_method": intent["payment_method"],
    }
    call.update(customer, invoice_settings=settings, announce="customer.updated")
    for each in call.objects("subscription", customer=customer["id"]):
        # What a subscription pays with goes before the customer's default.
        if each["default_payment_method"] and each["status"] not in _OVER:
            call.update(
                each,
                default_payment_method=intent["payment_method"],
                announce="customer.subscription.updated",
            )


def _show(
    visit: Visit, call: Call, session: Json, problem: payment_form.Problem | None
) -> Response:
    customer = call.get("customer", session["customer"])
    typed = dict(visit.form)
    action = typed.get("action", "")
    if action.startswith("fill:"):
        typed |= {"number": action.partition(":")[2], "expiry": payment_form.EXPIRY}
        typed["cvc"] = payment_form.CVC
    subscriptions = [
        _shown(call, each)
        for each in call.objects("subscription", customer=customer["id"])
        if each["status"] not in _OVER
    ]
    default = customer["invoice_settings"]["default_payment_method"]
    return render(
        "portal.html",
        title="Your subscriptions",
        session=session,
        customer=customer,
        features=_features(call, session),
        subscriptions=subscriptions,
        method=call.find("payment_method", default),
        invoices=[
            each
            for each in call.objects("invoice", customer=customer["id"])
            if each["status"] != "draft"
        ],
        shortcuts=payment_form.SHORTCUTS,
        texts=[
            name
            for name in _features(call, session)["customer_update"]["allowed_updates"]
            if name in _TEXTS
        ],
        problem=problem,
        typed=typed,
    )


def _shown(call: Call, subscription: Json) -> Json:
    """Return what the page tells of a subscription."""
    entries = []
    for item in subscription["items"]["data"]:
        product = call.find("product", item["price"]["product"]) or {}
        entries.append(
            {
                "name": product.get("name", item["price"]["id"]),
                "price": item["price"],
                "quantity": item.get("quantity"),
                "until": item["current_period_end"],
            }
        )
    return {**subscription, "entries": entries}
