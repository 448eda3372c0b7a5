"""A customer's try to complete a checkout session, with a payment method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import (
    bills,
    completion,
    custom_fields,
    items,
    selling,
)
from stripe_nb.sandbox.errors import ApiError, InvalidRequest
from stripe_nb.sandbox.invoicing import automatic_tax
from stripe_nb.sandbox.payments import method_types
from stripe_nb.sandbox.resources import payment_intent, payment_method, setup_intent
from stripe_nb.sandbox.wire import Json

__all__ = ["Customer", "Try", "attempt"]


@dataclass(frozen=True, slots=True)
class Customer:
    """What a customer tells of itself on the page.

    Attributes
    ----------
    email, name, phone
        As typed in; empty for nothing.
    address, shipping
        As in ``customer_details`` and ``shipping_details``.
    answers
        What was filled into custom fields, by their keys; ``None`` where nobody
        was asked.
    agrees
        Whether it accepts the shop's terms, where those are shown.
    wants_news
        Whether it ticked that the shop may write to it.
    """

    email: str = ""
    name: str = ""
    phone: str = ""
    address: Json | None = None
    shipping: Json | None = None
    answers: Mapping[str, str] | None = None
    agrees: bool = True
    wants_news: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """How an attempt to complete a session went.

    Attributes
    ----------
    session
        As it then is.
    refusal
        The card's or the bank's no.
    action_url
        Where the cardholder has to confirm first.
    """

    session: Json
    refusal: ApiError | None = None
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    call: Call
    session: Json
    method: Json | None
    customer: Customer
    return_url: str | None


def attempt(
    call: Call,
    session: Json,
    method: Json | None,
    customer: Customer,
    *,
    return_url: str | None = None,
) -> Try:
    """Try to complete an open session.

    Parameters
    ----------
    call
        What it happens in.
    session
        An open session.
    method
        What to pay with, where something is to be paid or saved.
    customer
        Who pays.
    return_url
        Where a cardholder comes back to after confirming.

    Raises
    ------
    InvalidRequest
        If the session is over, or there is nothing to pay with.
    """
    completion.check_open(session)
    customer = _known(call, session, method, customer)
    completion.remember(call, session, customer=_details(customer))
    if customer.shipping:
        collected = session["collected_information"] or {}
        shipping = {"shipping_details": customer.shipping}
        session = call.update(session, collected_information={**collected, **shipping})
    if customer.answers is not None:
        fields = custom_fields.filled(session["custom_fields"], customer.answers)
        session = call.update(session, custom_fields=fields)
    session = _agreed(call, session, customer)
    _update_owner(call, session, customer)
    if method is None and selling.needs_method(call, session):
        raise InvalidRequest("A payment method is needed.", param="payment_method")
    if method:
        method_types.check_type(method, session, "Checkout Session")
    made = _Attempt(call, session, method, customer, return_url)
    how = {"payment": _pay, "setup": _set_up, "subscription": _subscribe}
    return how[session["mode"]](made)


def _update_owner(call: Call, session: Json, told: Customer) -> None:
    """Keep what a known customer tells, as far as the shop wants that."""
    owner = call.find("customer", session["customer"])
    wanted = call.private(session["id"]).get("customer_update") or {}
    if owner is None or not wanted:
        return
    fields = {"address": told.address, "name": told.name, "shipping": told.shipping}
    kept = {
        name: value
        for name, value in fields.items()
        if value and wanted.get(name) == "auto"
    }
    call.update({**owner, **kept}, announce="customer.updated")


def _agreed(call: Call, session: Json, customer: Customer) -> Json:
    """Note what the customer agrees to, where the shop asks.

    Raises
    ------
    InvalidRequest
        If it has to accept the terms and does not.
    """
    asked = session["consent_collection"] or {}
    if asked.get("terms_of_service") == "required" and not customer.agrees:
        raise InvalidRequest("Please accept the terms of service.", param="terms")
    if asked.get("promotions") != "auto":
        return session
    news = "opt_in" if customer.wants_news else "opt_out"
    return call.update(session, consent={"promotions": news, "terms_of_service": None})


def _known(call: Call, session: Json, method: Json | None, told: Customer) -> Customer:
    """Fill in what is known of the customer already."""
    billing = (method or {}).get("billing_details") or {}
    owner = call.find("customer", session["customer"]) or {}
    return Customer(
        email=str(
            session["customer_email"]
            or owner.get("email")
            or told.email
            or billing.get("email")
            or ""
        ),
        name=str(told.name or billing.get("name") or owner.get("name") or ""),
        phone=str(told.phone or billing.get("phone") or owner.get("phone") or ""),
        address=told.address or billing.get("address"),
        shipping=told.shipping,
        answers=told.answers,
        agrees=told.agrees,
        wants_news=told.wants_news,
    )


def _details(customer: Customer) -> Json:
    return {
        "address": customer.address,
        "business_name": None,
        "email": customer.email or None,
        "individual_name": None,
        "name": customer.name or None,
        "phone": customer.phone or None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def _pay(made: _Attempt) -> Try:
    call, session = made.call, made.session
    private = call.private(session["id"])
    keeps = private.get("payment_intent_data", {}).get("setup_future_usage")
    total = session["amount_total"]
    creates = (
        session["customer_creation"] == "always"
        or keeps
        or not total
        or bills.is_wanted(session)
    )
    owner = _owner(made, creates=bool(creates))
    if made.method is None:
        done = completion.complete(call, session, payment_status="no_payment_required")
        return Try(done)
    intent = call.find("payment_intent", session["payment_intent"])
    if intent is None:
        intent = _open_intent(made, private, owner)
        session = call.update(session, payment_intent=intent["id"])
    elif intent["amount"] != total:
        intent = call.update(intent, amount=total)
    intent, refusal = payment_intent.pay(
        call, intent, made.method, off_session=False, return_url=made.return_url
    )
    return _tried(call, session, intent, refusal)


def _open_intent(made: _Attempt, private: Json, owner: str | None) -> Json:
    call, session = made.call, made.session
    values: Json = {}
    given = private.get("payment_intent_data") or {}
    assign(values, call.kind("payment_intent").fields, given)
    if made.customer.shipping:
        values["shipping"] = {**_SHIPPING, **made.customer.shipping}
    kinds = session["payment_method_types"]
    intent = payment_intent.open_(
        call,
        amount=session["amount_total"],
        currency=session["currency"],
        kinds=kinds,
        private={"checkout_session": session["id"]},
        **{"customer": owner, **values},
    )
    options = {
        kind: chosen
        for kind, chosen in (session["payment_method_options"] or {}).items()
        if kind in kinds
    }
    return call.update(
        intent, payment_method_options=method_types.options(kinds, options)
    )


_SHIPPING: Json = {"carrier": None, "phone": None, "tracking_number": None}


def _set_up(made: _Attempt) -> Try:
    call, session = made.call, made.session
    if made.method is None:
        raise InvalidRequest("A payment method is needed.", param="payment_method")
    owner = _owner(made, creates=session["customer_creation"] == "always")
    intent = call.get("setup_intent", session["setup_intent"])
    intent = call.update(
        {
            **intent,
            "customer": owner,
            "payment_method": made.method["id"],
            "next_action": None,
            "status": "requires_confirmation",
        }
    )
    intent, refusal = setup_intent.confirm(
        call, intent, return_url=made.return_url, for_owner=True
    )
    return _tried(call, session, intent, refusal)


def _subscribe(made: _Attempt) -> Try:
    call, session = made.call, made.session
    private = call.private(session["id"])
    owner = _owner(made, creates=True)
    subscription = call.find("subscription", private.get("subscription"))
    if subscription is None:
        subscription = _open_subscription(made, private, str(owner))
        completion.remember(call, session, subscription=subscription["id"])
    intent = selling.intent_of(call, subscription)
    if intent is None or made.method is None:
        if made.method:
            _save(call, made.method, str(owner))
            completion.remember(call, session, method=made.method["id"])
        return Try(completion.subscribed(call, session))
    call.set_private(intent["id"], checkout_session=session["id"])
    completion.remember(call, session, method=made.method["id"])
    intent, refusal = payment_intent.pay(
        call, intent, made.method, off_session=False, return_url=made.return_url
    )
    return _tried(call, session, intent, refusal)


def _save(call: Call, method: Json, owner: str) -> None:
    if not method["customer"]:
        payment_method.check_attachable(call, method)
        payment_method.attach(call, method, owner)


def _open_subscription(made: _Attempt, private: Json, owner: str) -> Json:
    """Make the subscription, whose first invoice is then paid."""
    call, session = made.call, made.session
    given = private.get("subscription_data") or {}
    params: Json = {
        "customer": owner,
        "items": [],
        "add_invoice_items": [],
        "payment_behavior": "default_incomplete",
        "currency": session["currency"],
        **given,
    }
    if session["automatic_tax"]["enabled"]:
        automatic_tax.locate(call, owner)
        params["automatic_tax"] = {"enabled": True}
    if private.get("discounts"):
        params["discounts"] = [dict(each) for each in private["discounts"]]
    for item in items.of(call, session["id"]):
        target = "items" if items.is_recurring(item) else "add_invoice_items"
        params[target].append(selling.as_sold(call, item))
    sold = replace(call, params=params)
    creator: Any = call.engine.behaviour("subscription")
    made_now: Json = creator.on_create(sold)
    return made_now


def _owner(made: _Attempt, *, creates: bool) -> str | None:
    """Return the id of the customer who pays; a new one where one is needed."""
    call, session = made.call, made.session
    known = session["customer"] or call.private(session["id"]).get("owner")
    if known or not creates:
        return known
    told = made.customer
    params: Json = {
        "email": told.email or None,
        "name": told.name or None,
        "phone": told.phone or None,
        "address": told.address,
        "shipping": told.shipping,
    }
    kept = {name: value for name, value in params.items() if value}
    creator: Any = call.engine.behaviour("customer")
    owner: Json = creator.on_create(replace(call, params=kept))
    completion.remember(call, session, owner=owner["id"])
    return str(owner["id"])


def _tried(call: Call, session: Json, intent: Json, refusal: ApiError | None) -> Try:
    action = intent["next_action"] or {}
    waits = intent["status"] == "requires_action"
    url = _address(action) if waits else None
    return Try(call.get("checkout.session", session["id"]), refusal, url)


def _address(action: Mapping[str, Any]) -> str | None:
    kind = action.get("type")
    if kind == "redirect_to_url":
        return str(action["redirect_to_url"]["url"])
    if kind == "use_stripe_sdk":
        return str(action["use_stripe_sdk"]["stripe_js"])
    return None
