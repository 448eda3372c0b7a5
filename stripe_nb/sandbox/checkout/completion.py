"""The end of a checkout session: complete, or expired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import bills, selling
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.payments import taking
from stripe_nb.sandbox.resources import discount
from stripe_nb.sandbox.wire import Json

__all__ = [
    "check_open",
    "complete",
    "expire",
    "fail_later",
    "hold",
    "remember",
    "settle",
    "subscribed",
]


def check_open(session: Json) -> None:
    """Refuse to go on with a session that is over.

    Raises
    ------
    InvalidRequest
        If it is complete or expired.
    """
    if session["status"] != "open":
        raise InvalidRequest(
            f"This Checkout Session is no longer active: its status is "
            f"{session['status']}.",
        )


def remember(call: Call, session: Json, **values: Any) -> None:
    """Keep what the session shows only once it is complete."""
    call.set_private(session["id"], **values)


def complete(call: Call, session: Json, *, payment_status: str, **values: Any) -> Json:
    """Complete an open session, and announce it.

    Parameters
    ----------
    call
        What it happens in.
    session
        The session.
    payment_status
        Whether it is paid by now.
    values
        More fields.
    """
    private = call.private(session["id"])
    owner = session["customer"] or private.get("owner")
    session = {**session, "customer": owner}
    if session["mode"] == "payment":
        _redeem(call, session, private)
        if payment_status != "unpaid":
            values["invoice"] = _billed(call, session)
    session = call.update(
        {
            **session,
            **_collected(session),
            "client_secret": None,
            "customer_details": private.get("customer") or session["customer_details"],
            "payment_status": payment_status,
            "status": "complete",
            "url": None,
            **values,
        },
        announce="checkout.session.completed",
    )
    _count(call, session)
    return session


def _redeem(call: Call, session: Json, private: Mapping[str, Any]) -> None:
    """Use the discounts of a single payment up."""
    owner = session["customer"]
    names = discount.take(
        call,
        [dict(each) for each in private.get("discounts") or ()],
        for_customer=owner,
        checkout_session=session["id"],
        customer=owner,
    )
    remember(call, session, redeemed=names)


def _billed(call: Call, session: Json) -> str | None:
    """Write the invoice of a session that is paid, where one is wanted."""
    if not bills.is_wanted(session):
        return None
    names = call.private(session["id"])["redeemed"]
    return str(bills.write(call, session, names)["id"])


def _collected(session: Json) -> Json:
    """Return what the customer has agreed to, and that taxes are known by now."""
    fields: Json = {}
    if session["automatic_tax"]["enabled"]:
        fields["automatic_tax"] = {**session["automatic_tax"], "status": "complete"}
    asked = session["consent_collection"] or {}
    if asked:
        required = asked.get("terms_of_service") == "required"
        before = session["consent"] or {}
        fields["consent"] = {
            "promotions": before.get("promotions"),
            "terms_of_service": "accepted" if required else None,
        }
    return fields


def _count(call: Call, session: Json) -> None:
    """Count a session of a payment link; the last one allowed switches it off."""
    link = call.find("payment_link", session["payment_link"])
    if link is None or not link["restrictions"]:
        return
    limited = dict(link["restrictions"]["completed_sessions"])
    limited["count"] += 1
    over = limited["count"] >= limited["limit"]
    call.update(
        {
            **link,
            "active": link["active"] and not over,
            "restrictions": {"completed_sessions": limited},
        },
        announce="payment_link.updated",
    )


def subscribed(call: Call, session: Json, *, paid: bool = True) -> Json:
    """Complete a session whose subscription has begun."""
    private = call.private(session["id"])
    subscription = call.get("subscription", private["subscription"])
    method = private.get("method")
    if method and subscription["default_payment_method"] != method:
        subscription = call.update(
            subscription,
            default_payment_method=method,
            pending_setup_intent=None,
            announce="customer.subscription.updated",
        )
    free = session["amount_total"] == 0
    status = "no_payment_required" if free else "paid"
    return complete(
        call,
        session,
        invoice=subscription["latest_invoice"],
        payment_status=status if paid else "unpaid",
        subscription=subscription["id"],
    )


def settle(call: Call, session: Json) -> Json:
    """Go on with a session whose payment went through."""
    if session["status"] == "open":
        if session["mode"] == "subscription":
            return subscribed(call, session)
        return complete(call, session, payment_status="paid")
    if session["payment_status"] != "unpaid":
        return session
    # A payment that was only held before is no delayed one.
    delayed = call.private(session["id"]).get("delayed")
    billed = {"invoice": _billed(call, session)} if session["mode"] == "payment" else {}
    return call.update(
        {**session, **billed},
        payment_status="paid",
        announce="checkout.session.async_payment_succeeded" if delayed else None,
    )


def hold(call: Call, session: Json, *, delayed: bool) -> Json:
    """Complete a session whose money is still to come, or to be captured."""
    remember(call, session, delayed=delayed)
    if session["mode"] == "subscription":
        return subscribed(call, session, paid=False)
    return complete(call, session, payment_status="unpaid")


def fail_later(call: Call, session: Json) -> None:
    """Tell that a delayed payment of a complete session failed."""
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        call.emit("checkout.session.async_payment_failed", session)


def expire(call: Call, session: Json) -> Json:
    """End an open session, and call off what was begun."""
    expired = call.update(
        {**session, "client_secret": None, "status": "expired", "url": None},
        announce="checkout.session.expired",
    )
    intent = call.find("payment_intent", session["payment_intent"])
    if intent and intent["status"] not in ("canceled", "succeeded", "processing"):
        taking.cancel(call, intent, None)
    waiting = call.find("setup_intent", session["setup_intent"])
    if waiting and waiting["status"] not in ("canceled", "succeeded"):
        call.update(
            {**waiting, "next_action": None, "status": "canceled"},
            announce="setup_intent.canceled",
        )
    selling.give_up(call, session)
    return expired
