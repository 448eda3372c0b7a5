"""Payment links: an address that opens a checkout session for whoever comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import custom_fields, items, selling
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.payments import method_types
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import shipping_rate
from stripe_nb.sandbox.resources.checkout_session import open_session
from stripe_nb.sandbox.return_urls import check_url
from stripe_nb.sandbox.wire import Json

__all__ = ["PaymentLink", "open_from"]

_SECRET_LENGTH = 14
# What a session is opened with, as the link has it.
_PASSED_ON = (
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "consent_collection",
    "custom_fields",
    "phone_number_collection",
    "shipping_address_collection",
    "submit_type",
    "tax_id_collection",
)
_NOT_FIELDS = (
    "custom_fields",
    "line_items",
    "payment_intent_data",
    "restrictions",
    "shipping_options",
    "subscription_data",
)
_BEYOND = (
    "application_fee_amount",
    "application_fee_percent",
    "on_behalf_of",
    "optional_items",
    "transfer_data",
)
_SWITCHES = ("managed_payments",)


class PaymentLink(Behaviour):
    """`Payment Link <https://docs.stripe.com/api/payment-link>`_."""

    name = "payment_link"
    missing_param = "payment_link"

    def on_create(self, call: Call) -> Json:
        """Make a link that sells some items."""
        params = call.params
        _check(params)
        if not params["line_items"]:
            raise ParameterMissing("line_items")
        items.check_count(params["line_items"])
        wanted = params.get("currency")
        currency = check_currency(wanted) if wanted else None
        sold = [
            items.store(call, given, currency, f"line_items[{index}]")
            for index, given in enumerate(params["line_items"])
        ]
        link = self._new(call, _mode(sold), currency or sold[0]["currency"])
        assign(link, self.resource.fields, _fields_of(params))
        _set_parts(call, link)
        private = {"items": [item["id"] for item in sold]}
        items.sums(call, sold, currency=link["currency"])
        return self.finish(call, link, private=private)

    def _new(self, call: Call, mode: str, currency: str) -> Json:
        base = call.base_url or "https://buy.stripe.com"
        given = call.params.get("payment_method_types")
        if given:
            method_types.taken({"payment_method_types": given}, currency)
        return call.new(
            "payment_link",
            active=True,
            after_completion={
                "hosted_confirmation": {"custom_message": None},
                "type": "hosted_confirmation",
            },
            allow_promotion_codes=False,
            billing_address_collection="auto",
            consent_collection=None,
            currency=currency,
            custom_fields=[],
            customer_creation="always" if mode == "subscription" else "if_required",
            invoice_creation={"enabled": False, "invoice_data": None},
            payment_method_collection="always",
            shipping_options=[],
            submit_type="auto",
            tax_id_collection={"enabled": False, "required": "never"},
            url=f"{base}/pay/test_{call.secret(_SECRET_LENGTH, 'payment_link')}",
        )

    def on_update(self, call: Call) -> Json:
        """Change a link; what was bought with it stays as it is."""
        link = self.target(call)
        params = call.params
        _check(params)
        check_metadata(params, link["metadata"])
        given = params.pop("line_items", None) or []
        names = call.private(link["id"])["items"]
        items.revise(call, names, given, link["currency"])
        assign(link, self.resource.fields, _fields_of(params))
        _set_parts(call, link)
        items.sums(call, items.of(call, link["id"]), currency=link["currency"])
        return call.update(link, announce="payment_link.updated")

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return what a link sells."""
        if name == "line_items":
            url = f"/v1/payment_links/{obj['id']}/line_items"
            return items.envelope(call, obj["id"], url)
        return super().expanded(call, obj, name)


def _check(params: Mapping[str, Any]) -> None:
    check_metadata(params)
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of payment links")
    for name in _SWITCHES:
        if (params.get(name) or {}).get("enabled"):
            raise NotSimulated(f"{name} of payment links")
    for part in (params.get("name_collection") or {}).values():
        if part and part.get("enabled"):
            raise NotSimulated("name_collection of payment links")
    if (params.get("tax_id_collection") or {}).get("required") == "if_supported":
        raise NotSimulated("tax_id_collection[required] of payment links")
    after = params.get("after_completion") or {}
    if after.get("type") == "redirect":
        url = (after.get("redirect") or {}).get("url")
        if not url:
            raise ParameterMissing("after_completion[redirect][url]")
        check_url(url, "after_completion[redirect][url]")


def _mode(sold: list[Json]) -> str:
    recurs = any(items.is_recurring(item) for item in sold)
    mode = "subscription" if recurs else "payment"
    selling.check_items(mode, sold)
    return mode


def _fields_of(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if name not in _NOT_FIELDS}


def _set_parts(call: Call, link: Json) -> None:
    """Set what a link shows otherwise than it was given."""
    params = call.params
    after = params.get("after_completion")
    if after:
        kind = after["type"]
        told = after.get(kind) or {"custom_message": None}
        link["after_completion"] = {kind: told, "type": kind}
    for name in ("payment_intent_data", "subscription_data"):
        if params.get(name):
            shape = call.kind("payment_link").fields[name].type.fields
            link[name] = {**_EMPTY_DATA[name], **(link[name] or {})}
            assign(link[name], shape, params[name])
    if "custom_fields" in params:
        link["custom_fields"] = custom_fields.build(params["custom_fields"])
    if "restrictions" in params:
        limited = (params["restrictions"] or {}).get("completed_sessions")
        before = ((link["restrictions"] or {}).get("completed_sessions") or {}).get(
            "count", 0
        )
        link["restrictions"] = limited and {
            "completed_sessions": {"count": before, "limit": limited["limit"]}
        }
    if "shipping_options" in params:
        link["shipping_options"] = [
            {
                "shipping_amount": shipping_rate.amount_for(
                    call, rate, link["currency"]
                ),
                "shipping_rate": rate["id"],
            }
            for rate in _rates(call, params["shipping_options"] or ())
        ]


_EMPTY_DATA: dict[str, Json] = {
    "payment_intent_data": {
        "capture_method": None,
        "description": None,
        "metadata": {},
        "setup_future_usage": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_group": None,
    },
    "subscription_data": {
        "description": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "metadata": {},
        "trial_period_days": None,
        "trial_settings": None,
    },
}


def _rates(call: Call, options: Any) -> list[Json]:
    return [
        call.get(
            "shipping_rate",
            option["shipping_rate"],
            param=f"shipping_options[{index}][shipping_rate]",
            http_status=400,
        )
        for index, option in enumerate(options)
    ]


def open_from(call: Call, link: Json) -> Json:
    """Open a checkout session that sells what a link sells.

    Parameters
    ----------
    call
        What it happens in.
    link
        An active payment link.

    Raises
    ------
    InvalidRequest
        If one of its prices can't be sold any more.
    """
    if not link["active"]:
        raise InvalidRequest(link["inactive_message"] or "This link is not active.")
    sold = items.of(call, link["id"])
    params: Json = {
        name: link[name] for name in _PASSED_ON if link[name] not in (None, False)
    }
    mode = _mode(sold)
    data = "subscription_data" if mode == "subscription" else "payment_intent_data"
    params |= {
        data: _without_nulls(link[data] or {}),
        "line_items": [_as_given(call, item) for item in sold],
        "metadata": link["metadata"],
        "mode": mode,
        "payment_method_types": link["payment_method_types"] or None,
        "shipping_options": [
            {"shipping_rate": option["shipping_rate"]}
            for option in link["shipping_options"]
        ],
        "success_url": _success_url(call, link),
    }
    if mode == "payment":
        params["customer_creation"] = link["customer_creation"]
        params["invoice_creation"] = link["invoice_creation"]
    else:
        params["payment_method_collection"] = link["payment_method_collection"]
    kept = {name: value for name, value in params.items() if value}
    return open_session(replace(call, params=kept), payment_link=link["id"])


def _as_given(call: Call, item: Json) -> Json:
    sold = selling.as_sold(call, item)
    sold.pop("metadata", None)
    adjustable = item["adjustable_quantity"]
    return {**sold, "adjustable_quantity": adjustable}


def _success_url(call: Call, link: Json) -> str:
    after = link["after_completion"]
    if after["type"] == "redirect":
        return str(after["redirect"]["url"])
    base = call.base_url or "https://checkout.stripe.com"
    return f"{base}/c/thanks/{{CHECKOUT_SESSION_ID}}"


def _without_nulls(data: Mapping[str, Any]) -> Json:
    kept = {name: value for name, value in data.items() if value is not None}
    kept.pop("invoice_settings", None)
    return kept
