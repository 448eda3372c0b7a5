"""Quotes: an offer that becomes a subscription or an invoice once it is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import unclocked
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import tax_rate
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.subscriptions import offers
from stripe_nb.sandbox.wire import Json

__all__ = ["Quote"]

_DAY = 86_400
_OPEN_DAYS = 30
_BEYOND = (
    "application_fee_amount",
    "application_fee_percent",
    "customer_account",
    "from_quote",
    "on_behalf_of",
    "transfer_data",
)
_TAKEN_OVER = (
    "collection_method",
    "customer",
    "description",
    "expires_at",
    "footer",
    "header",
    "invoice_settings",
    "metadata",
)


class Quote(Behaviour):
    """`Quote <https://docs.stripe.com/api/quotes>`_."""

    name = "quote"
    missing_param = "quote"

    def on_create(self, call: Call) -> Json:
        """Draft an offer."""
        params = call.params
        _check_supported(params)
        customer = call.given("customer", "customer")
        quote = call.new(
            self.name,
            **_defaults(call),
            test_clock=params.get("test_clock") or (customer or {}).get("test_clock"),
        )
        quote = call.insert(quote, private={"lines": []})
        quote = call.update(self._filled(call, quote))
        call.later(quote["expires_at"], "expire", quote)
        call.emit("quote.created", quote)
        return quote

    def on_update(self, call: Call) -> Json:
        """Change a draft."""
        quote = self.target(call)
        _check_supported(call.params)
        if quote["status"] != "draft" and set(call.params) - {"metadata", "expand"}:
            raise InvalidRequest(
                "You can only update a quote while its status is `draft`; this one's "
                f"is `{quote['status']}`.",
            )
        return call.update(self._filled(call, quote))

    def _filled(self, call: Call, quote: Json) -> Json:
        """Take a request's parameters over, and sum up."""
        params = call.params
        check_metadata(params, quote["metadata"])
        call.given("customer", "customer")
        given = {name: params[name] for name in _TAKEN_OVER if name in params}
        assign(quote, self.resource.fields, given)
        if "default_tax_rates" in params:
            rates = tax_rate.given(call, params["default_tax_rates"])
            quote["default_tax_rates"] = [rate["id"] for rate in rates]
        if params.get("subscription_data"):
            quote["subscription_data"] = _subscription_data(
                quote["subscription_data"], params["subscription_data"]
            )
        if "discounts" in params:
            call.set_private(quote["id"], discounts=params["discounts"] or [])
        if "line_items" in params:
            lines = offers.lines(call, params["line_items"] or ())
            call.set_private(quote["id"], lines=lines)
            if lines:
                quote["currency"] = check_currency(lines[0]["currency"])
        return {**quote, **offers.totals(call, quote)}

    def on_finalize_quote(self, call: Call) -> Json:
        """Make the offer binding."""
        quote = self.target(call)
        _check_status(quote, "finalize", "draft")
        if not call.private(quote["id"]).get("lines"):
            raise InvalidRequest(
                "You must add at least one line item before finalizing a quote.",
                param="line_items",
            )
        if not quote["customer"]:
            raise ParameterMissing(
                "customer", "A quote needs a customer before it can be finalized."
            )
        expires = call.params.get("expires_at") or quote["expires_at"]
        if expires != quote["expires_at"]:
            call.later(expires, "expire", quote)
        customer = call.get("customer", quote["customer"])
        number = len(call.objects(self.name, customer=customer["id"]))
        return _moved(
            call,
            quote,
            "open",
            "finalized",
            expires_at=expires,
            number=f"QT-{customer['invoice_prefix']}-{number:04d}-1",
        )

    def on_accept(self, call: Call) -> Json:
        """Take the offer: what it offers comes into being."""
        quote = self.target(call)
        _check_status(quote, "accept", "open")
        quote = _moved(call, quote, "accepted", "accepted", announce=False)
        quote = call.update({**quote, **offers.fulfil(call, quote)})
        call.emit("quote.accepted", quote)
        return quote

    def on_cancel(self, call: Call) -> Json:
        """Withdraw the offer."""
        quote = self.target(call)
        _check_status(quote, "cancel", "draft", "open")
        return _moved(call, quote, "canceled", "canceled")

    def due_expire(self, call: Call, quote: Json) -> None:
        """Withdraw an offer that nobody took in time."""
        if quote["status"] in ("draft", "open") and quote["expires_at"] <= call.now():
            _moved(call, quote, "canceled", "canceled")

    def on_quotes_line_items_list(self, call: Call) -> Json:
        """Answer what is offered."""
        quote = self.target_of(call)
        return offers.page(call, quote, f"/v1/quotes/{quote['id']}/line_items")

    def on_quotes_computed_upfront_line_items_list(self, call: Call) -> Json:
        """Answer what is to be paid at first: here, all of it."""
        quote = self.target_of(call)
        url = f"/v1/quotes/{quote['id']}/computed_upfront_line_items"
        return offers.page(call, quote, url)

    def target_of(self, call: Call) -> Json:
        """Return the quote that a list below it belongs to."""
        return call.get(self.name, call.path["quote"], param=self.missing_param)

    def conditions(self, call: Call) -> Iterator[Condition]:
        """Hide what is on a test clock, unless asked for."""
        yield from super().conditions(call)
        yield from unclocked(call, beside="customer")

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the lines, which appear only when expanded."""
        if name == "line_items":
            return offers.page(call, obj, f"/v1/quotes/{obj['id']}/line_items")
        return super().expanded(call, obj, name)


def _check_supported(params: Mapping[str, Any]) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of quotes")
    if (params.get("automatic_tax") or {}).get("enabled"):
        raise NotSimulated("automatic_tax of quotes")


def _defaults(call: Call) -> Json:
    return {
        "automatic_tax": {
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "collection_method": "charge_automatically",
        "default_tax_rates": [],
        "discounts": [],
        "expires_at": call.now() + _OPEN_DAYS * _DAY,
        "invoice_settings": {
            "custom_fields": None,
            "days_until_due": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "status": "draft",
        "status_transitions": {
            "accepted_at": None,
            "canceled_at": None,
            "finalized_at": None,
        },
        "subscription_data": {
            "billing_mode": {
                "flexible": {"proration_discounts": "included"},
                "type": "flexible",
            },
            "description": None,
            "effective_date": None,
            "metadata": None,
            "trial_period_days": None,
        },
    }


def _subscription_data(before: Json, given: Json) -> Json:
    if given.get("effective_date") == "current_period_end":
        raise NotSimulated("effective_date current_period_end of quotes")
    return {**before, **given}


def _check_status(quote: Json, action: str, *allowed: str) -> None:
    if quote["status"] not in allowed:
        said = " or ".join(f"`{status}`" for status in allowed)
        raise InvalidRequest(
            f"You cannot {action} a quote whose status is `{quote['status']}`; it must "
            f"be {said}.",
        )


def _moved(
    call: Call,
    quote: Json,
    status: str,
    moment: str,
    *,
    announce: bool = True,
    **values: Any,
) -> Json:
    """Store a quote with another status, and when that was."""
    moments = {**quote["status_transitions"], f"{moment}_at": call.now()}
    return call.update(
        {**quote, **values, "status": status, "status_transitions": moments},
        announce=f"quote.{moment}" if announce else None,
    )
