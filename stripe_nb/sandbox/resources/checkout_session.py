"""Checkout sessions: a purchase on Stripe's page, from its offer to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import completion, items, paying, selling, terms
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import payment_method, setup_intent, shipping_rate
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.unlisted import unlisted
from stripe_nb.sandbox.wire import Json

__all__ = ["CheckoutSession", "open_session"]

_STRING = Type(Kind.STRING)
_SECRET_LENGTH = 56
# Parameters that the session keeps for later and does not show.
_KEPT = (
    "customer_update",
    "discounts",
    "payment_intent_data",
    "setup_intent_data",
    "subscription_data",
)
_NOT_FIELDS = (
    *_KEPT,
    "allowed_payment_method_types",
    "automatic_tax",
    "custom_fields",
    "expires_at",
    "invoice_creation",
    "line_items",
    "payment_method_data",
    "payment_method_options",
    "payment_method_types",
    "shipping_options",
    "tax_id_collection",
)


class CheckoutSession(Behaviour):
    """`Checkout Session <https://docs.stripe.com/api/checkout/sessions>`_."""

    name = "checkout.session"
    missing_param = "session"
    unlisted = (
        # What Stripe's own page calls, and the Stripe CLI's triggers too.
        unlisted(
            "payment_pages.retrieve",
            "get",
            "/v1/payment_pages/{session}",
            "checkout.session",
        ),
        unlisted(
            "payment_pages.confirm",
            "post",
            "/v1/payment_pages/{session}/confirm",
            "checkout.session",
            Field("expected_amount", Type(Kind.INTEGER)),
            Field("payment_method", _STRING),
            Field("return_url", _STRING),
        ),
    )

    def on_create(self, call: Call) -> Json:
        """Open a session."""
        return open_session(call)

    def on_update(self, call: Call) -> Json:
        """Change an open session."""
        session = self.target(call)
        check_metadata(call.params, session["metadata"])
        params = call.params
        if set(params) - {"expand", "metadata"}:
            completion.check_open(session)
        if "line_items" in params:
            names = items.revise(
                call,
                call.private(session["id"]).get("items", ()),
                params.pop("line_items"),
                session["currency"],
            )
            call.set_private(session["id"], items=names)
            selling.check_items(session["mode"], items.of(call, session["id"]))
        if "shipping_options" in params:
            offered = _shipping_options(
                call, params.pop("shipping_options"), session["currency"]
            )
            session.update(_offer(call, session["id"], offered))
        if "payment_intent_data" in params:
            _revise_payment(call, session, params.pop("payment_intent_data") or {})
        assign(session, self.resource.fields, params)
        return call.update(selling.recalculated(call, session))

    def on_expire(self, call: Call) -> Json:
        """End an open session now."""
        session = self.target(call)
        if session["status"] != "open":
            raise InvalidRequest(
                'Only Checkout Sessions with a status in ["open"] can be expired. '
                f"This Checkout Session has a status of `{session['status']}`.",
            )
        return completion.expire(call, session)

    def on_payment_pages_retrieve(self, call: Call) -> Json:
        """Answer the session, as its page asks for it."""
        return self.target(call)

    def on_payment_pages_confirm(self, call: Call) -> Json:
        """Complete a session with a payment method, as its page does."""
        session = call.get(self.name, call.path["session"], param=self.missing_param)
        params = call.params
        expected = params.get("expected_amount")
        if expected is not None and expected != (session["amount_total"] or 0):
            raise InvalidRequest(
                "The expected_amount is not what this Checkout Session comes to: "
                f"{session['amount_total']}.",
                param="expected_amount",
            )
        named = params.get("payment_method")
        if named is None and selling.needs_method(call, session):
            raise ParameterMissing("payment_method")
        completion.check_open(session)
        tried = paying.attempt(
            call,
            session,
            payment_method.resolve(call, named) if named else None,
            paying.Customer(),
            return_url=params.get("return_url"),
        )
        if tried.refusal:
            raise tried.refusal
        return tried.session

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by the customer's email as well."""
        if name == "customer_details":
            return equals("customer_details.email", value["email"])
        return super().condition(call, name, value)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return what a session sells."""
        if name == "line_items" and obj["mode"] != "setup":
            url = f"/v1/checkout/sessions/{obj['id']}/line_items"
            return items.envelope(call, obj["id"], url)
        return super().expanded(call, obj, name)

    # What happens by itself, and what payments tell ---------------------------

    def due_expire(self, call: Call, session: Json) -> None:
        """End a session that nobody completed in time."""
        if session["status"] == "open":
            completion.expire(call, session)

    def payment_succeeded(self, call: Call, intent: Json) -> None:
        """Complete a session that was paid, or note that the money came."""
        completion.settle(call, self._of(call, intent))

    def payment_held(self, call: Call, intent: Json) -> None:
        """Complete a session whose payment is to be captured later."""
        completion.hold(call, self._of(call, intent), delayed=False)

    def payment_processing(self, call: Call, intent: Json) -> None:
        """Complete a session whose payment is under way."""
        completion.hold(call, self._of(call, intent), delayed=True)

    def payment_failed(self, call: Call, intent: Json) -> None:
        """Tell that a delayed payment failed; an open session waits for another."""
        completion.fail_later(call, self._of(call, intent))

    def setup_succeeded(self, call: Call, intent: Json) -> None:
        """Complete a session that was to save a payment method."""
        session = self._of(call, intent)
        if session["status"] == "open":
            completion.complete(call, session, payment_status="no_payment_required")

    def _of(self, call: Call, intent: Json) -> Json:
        owner = call.private(intent["id"])["checkout_session"]
        return call.get(self.name, owner)


def open_session(call: Call, **values: Any) -> Json:
    """Store a new session of a call's parameters.

    Parameters
    ----------
    call
        With the parameters of ``POST /v1/checkout/sessions``.
    values
        More fields, such as the payment link that opens it.
    """
    params = call.params
    check_metadata(params)
    mode = terms.check(call)
    expires_at = terms.expiry(call)
    connect.check(replace(call, params=params.get("payment_intent_data") or {}))
    customer = call.given("customer", "customer")
    session = call.new(
        "checkout.session",
        **{**terms.defaults(call, mode), **values},
        expires_at=expires_at,
    )
    session["id"] = f"cs_test_a1{call.secret(_SECRET_LENGTH, 'checkout_session')}"
    assign(session, call.kind("checkout.session").fields, _fields_of(params))
    session.update(_reached(call, session))
    session["customer_details"] = _known(session, customer)
    private = {name: params[name] for name in _KEPT if params.get(name)}
    _sell(call, session, private)
    if mode == "setup":
        _prepare_setup(call, session, private)
    call.insert(session, private=private)
    session = call.update(selling.recalculated(call, session))
    call.later(expires_at, "expire", session)
    return session


def _fields_of(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if name not in _NOT_FIELDS}


def _reached(call: Call, session: Json) -> Json:
    """Return where a session's page is, or the secret that embeds it."""
    if session["ui_mode"] == "hosted_page":
        base = call.base_url or "https://checkout.stripe.com"
        return {"url": f"{base}/c/pay/{session['id']}"}
    given = call.params.get("redirect_on_completion")
    return {
        "client_secret": f"{session['id']}_secret_{call.secret(40, 'secret')}",
        "redirect_on_completion": given or "always",
        "return_url": call.params.get("return_url"),
    }


def _known(session: Json, customer: Json | None) -> Json | None:
    """Return what is known of the customer before it has come to the page."""
    email = session["customer_email"] or (customer or {}).get("email")
    if not email:
        return None
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _sell(call: Call, session: Json, private: Json) -> None:
    """Store what is sold, and settle in which currency."""
    params, mode = call.params, session["mode"]
    if mode == "setup":
        return
    items.check_count(params["line_items"])
    wanted = params.get("currency")
    currency = check_currency(wanted) if wanted else None
    sold = [
        items.store(call, given, currency, f"line_items[{index}]")
        for index, given in enumerate(params["line_items"])
    ]
    currency = currency or sold[0]["currency"]
    if any(item["currency"] != currency for item in sold):
        raise InvalidRequest(
            "The prices of all `line_items` must be in the same currency.",
            param="line_items",
        )
    selling.check_items(mode, sold)
    session["currency"] = currency
    private["items"] = [item["id"] for item in sold]
    offered = _shipping_options(call, params.get("shipping_options"), str(currency))
    session["shipping_options"] = offered
    if offered:
        private["shipping_rate"] = offered[0]["shipping_rate"]


def _shipping_options(
    call: Call, given: list[Json] | None, currency: str
) -> list[Json]:
    """Return the ways of shipping that a page offers, with what they cost."""
    offered = []
    for each in given or ():
        cost = shipping_rate.cost(call, each, currency)
        if cost is not None:
            offered.append(
                {
                    "shipping_amount": cost["amount_total"],
                    "shipping_rate": cost["shipping_rate"],
                }
            )
    return offered


def _offer(call: Call, session: str, offered: list[Json]) -> Json:
    first = offered[0]["shipping_rate"] if offered else None
    call.set_private(session, shipping_rate=first)
    return {"shipping_options": offered}


def _prepare_setup(call: Call, session: Json, private: Json) -> None:
    """Make the setup intent that the page confirms."""
    given = private.get("setup_intent_data") or {}
    if given.get("on_behalf_of"):
        raise NotSimulated("setup_intent_data[on_behalf_of] of checkout sessions")
    values: Json = {}
    assign(values, call.kind("setup_intent").fields, given)
    intent = setup_intent.open_(
        call,
        kinds=session["payment_method_types"],
        private={"checkout_session": session["id"]},
        customer=session["customer"],
        **values,
    )
    session["setup_intent"] = intent["id"]
    private["items"] = []
    if call.params.get("currency"):
        session["currency"] = check_currency(call.params["currency"])


def _revise_payment(call: Call, session: Json, given: Json) -> None:
    """Change what the payment intent will be, or is."""
    terms.check_data(given, "payment_intent_data")
    before = call.private(session["id"]).get("payment_intent_data") or {}
    merged = {**before, **given}
    if given.get("metadata"):
        merged["metadata"] = {**(before.get("metadata") or {}), **given["metadata"]}
    call.set_private(session["id"], payment_intent_data=merged)
    intent = call.find("payment_intent", session["payment_intent"])
    if intent:
        assign(intent, call.kind("payment_intent").fields, given)
        call.update(intent)
