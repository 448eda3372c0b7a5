"""What a request says of a checkout session, checked before anything is sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import custom_fields
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterMissing,
)
from stripe_nb.sandbox.invoicing import automatic_tax, shares
from stripe_nb.sandbox.payments import connect, method_types
from stripe_nb.sandbox.payments.texts import check_texts
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.return_urls import check_url
from stripe_nb.sandbox.subscriptions import terms as subscription_terms
from stripe_nb.sandbox.wire import Json

__all__ = ["check", "check_data", "defaults", "expiry"]

_HOUR = 3_600
_SHORTEST, _LONGEST = _HOUR // 2, 24 * _HOUR

_BEYOND = (
    "customer_account",
    "optional_items",
    "payment_method_configuration",
    "permissions",
)
# Parts of the page that would have to be there, and are not.
_SWITCHES = (
    ("after_expiration", "recovery"),
    ("managed_payments",),
    ("name_collection", "business"),
    ("name_collection", "individual"),
)
# Which modes a parameter belongs to.
_ONLY_IN = {
    "customer_creation": ("payment", "setup"),
    "invoice_creation": ("payment",),
    "payment_intent_data": ("payment",),
    "setup_intent_data": ("setup",),
    "shipping_options": ("payment",),
    "subscription_data": ("subscription",),
}
_COLLECTION = {"payment": "if_required", "setup": "always", "subscription": "always"}
_CREATION = {
    "payment": "if_required",
    "setup": "if_required",
    "subscription": "always",
}


def check(call: Call) -> str:
    """Refuse what contradicts itself or is not simulated; return the mode.

    Raises
    ------
    InvalidRequest
        In Stripe's words where they are known.
    NotSimulated
        For what the sandbox's page does not offer.
    """
    params = call.params
    _check_supported(params)
    mode = params.get("mode")
    if mode is None:
        raise ParameterMissing("mode")
    for name, modes in _ONLY_IN.items():
        if params.get(name) and mode not in modes:
            raise InvalidRequest(
                f"You can not pass `{name}` in `{mode}` mode.", param=name
            )
    if mode == "setup" and params.get("line_items"):
        raise InvalidRequest(
            "You can not pass `line_items` in `setup` mode.", param="line_items"
        )
    if mode != "setup" and not params.get("line_items"):
        raise ParameterMissing("line_items")
    if mode != "setup":
        connect.check_charges_enabled(call)
    _check_pairs(params)
    _check_customer(call)
    _check_urls(params)
    for name in ("payment_intent_data", "setup_intent_data", "subscription_data"):
        check_data(params.get(name) or {}, name)
    if params.get("subscription_data"):
        subscription_terms.check_supported(params["subscription_data"])
        shares.check_percent(_with(call, params["subscription_data"]))
        subscription_terms.trial_end(_with(call, params["subscription_data"]), [])
    return str(mode)


def check_data(data: Mapping[str, Any], name: str) -> None:
    """Refuse texts that what the session makes could not take over."""
    check_metadata(data)
    check_texts(data, within=name)


def _with(call: Call, params: Mapping[str, Any]) -> Call:
    return replace(call, params=dict(params))


def _check_supported(params: Mapping[str, Any]) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of checkout sessions")
    for path in _SWITCHES:
        value: Any = params
        for step in path:
            value = (value or {}).get(step)
        if value and value.get("enabled"):
            raise NotSimulated(f"{path[0]} of checkout sessions")
    if (params.get("tax_id_collection") or {}).get("required") == "if_supported":
        raise NotSimulated("tax_id_collection[required] of checkout sessions")


def _check_pairs(params: Mapping[str, Any]) -> None:
    """Refuse what excludes each other."""
    for one, other in (
        ("customer", "customer_email"),
        ("customer", "customer_creation"),
        ("allow_promotion_codes", "discounts"),
    ):
        if params.get(one) and params.get(other):
            raise InvalidRequest(
                f"You may only specify one of these parameters: {one}, {other}."
            )
    if len(params.get("discounts") or ()) > 1:
        raise InvalidRequest(
            "You can only apply one discount to a Checkout Session.",
            param="discounts",
        )
    if params.get("customer_update") and not params.get("customer"):
        raise InvalidRequest(
            "`customer_update` can only be used with `customer`.",
            param="customer_update",
        )


def _check_customer(call: Call) -> None:
    """Refuse to collect for a known customer what it would then not be given."""
    params = call.params
    customer = call.given("customer", "customer")
    if customer is None:
        return
    updated = params.get("customer_update") or {}
    collects = (params.get("tax_id_collection") or {}).get("enabled")
    if collects and updated.get("name") != "auto":
        raise InvalidRequest(
            "Tax ID collection requires updating business name on the customer. To "
            "enable tax ID collection for an existing customer, please set "
            "`customer_update[name]` to `auto`.",
            param="customer_update",
        )
    taxed = automatic_tax.is_wanted(params)
    told = "auto" in (updated.get("address"), updated.get("shipping"))
    if taxed and not told and not automatic_tax.is_located(call, customer):
        raise InvalidRequest(
            "Automatic tax calculation in Checkout requires a valid address on the "
            "Customer. Add a valid address to the Customer or set either "
            "`customer_update[address]` to 'auto' or `customer_update[shipping]` to "
            "'auto' to save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
            param="automatic_tax",
        )


def _check_urls(params: Mapping[str, Any]) -> None:
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    if hosted:
        if params.get("return_url"):
            raise InvalidRequest(
                "`return_url` can't be used with `ui_mode` `hosted_page`.",
                param="return_url",
            )
        if not params.get("success_url"):
            raise ParameterMissing("success_url")
    else:
        for name in ("success_url", "cancel_url"):
            if params.get(name):
                raise InvalidRequest(
                    f"`{name}` can only be used with `ui_mode` `hosted_page`.",
                    param=name,
                )
        stays = params.get("redirect_on_completion") == "never"
        if not params.get("return_url") and not stays:
            raise ParameterMissing("return_url")
    for name in ("success_url", "cancel_url", "return_url"):
        if params.get(name):
            check_url(params[name], name)


def expiry(call: Call) -> int:
    """Return when a session expires: after a day, or as asked."""
    wanted = call.params.get("expires_at")
    if wanted is None:
        return call.now() + _LONGEST
    if wanted < call.now() + _SHORTEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout "
            "Session creation.",
            param="expires_at",
        )
    if wanted > call.now() + _LONGEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be less than 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return int(wanted)


def defaults(call: Call, mode: str) -> Json:
    """Return the fields of a new session about which nothing was said."""
    params = call.params
    given = params.get("payment_method_types")
    kinds = method_types.taken(
        {**params, "automatic_payment_methods": None}, params.get("currency")
    )["payment_method_types"]
    return {
        "adaptive_pricing": {"enabled": True},
        "automatic_tax": _automatic_tax(call),
        "branding_settings": _branding(call),
        "collected_information": {
            "business_name": None,
            "individual_name": None,
            "shipping_details": None,
        },
        "custom_fields": custom_fields.build(params.get("custom_fields")),
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": None if params.get("customer") else _CREATION[mode],
        "discounts": [],
        "invoice_creation": _invoice_creation(params) if mode == "payment" else None,
        "payment_method_collection": _COLLECTION[mode],
        "payment_method_configuration_details": None
        if given
        else {
            "id": f"pmc_{call.engine.ids.stable(24, of='payment_configuration')}",
            "parent": None,
        },
        "payment_method_options": _method_options(params, kinds),
        "payment_method_types": kinds,
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": {
            "allow_redisplay_filters": ["always"],
            "payment_method_remove": "disabled",
            "payment_method_save": None,
        }
        if mode != "setup"
        else None,
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
        **_tax_ids(params),
    }


def _tax_ids(params: Mapping[str, Any]) -> Json:
    """Return that the page asks for tax ids, which a session says only if it does."""
    enabled = (params.get("tax_id_collection") or {}).get("enabled")
    asks = {"enabled": True, "required": "never"}
    return {"tax_id_collection": asks} if enabled else {}


def _automatic_tax(call: Call) -> Json:
    """Return what a session says of automatic tax before its customer is there."""
    if not automatic_tax.is_wanted(call.params):
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    given = call.params["automatic_tax"]
    told = automatic_tax.of_invoice(call, call.given("customer", "customer"), given)
    told.pop("disabled_reason")
    return told


_INVOICE_DATA: Json = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}


def _invoice_creation(params: Mapping[str, Any]) -> Json:
    given = params.get("invoice_creation") or {}
    data = given.get("invoice_data") or {}
    check_metadata(data)
    return {
        "enabled": bool(given.get("enabled")),
        "invoice_data": {**_INVOICE_DATA, **data},
    }


def _branding(call: Call) -> Json:
    account = call.find("account", call.account) or {}
    name = (account.get("business_profile") or {}).get("name")
    return {
        "background_color": "#ffffff",
        "border_style": "rounded",
        "button_color": "#0074d4",
        "display_name": name or "Sandbox",
        "font_family": "default",
        "icon": None,
        "logo": None,
    }


def _method_options(params: Mapping[str, Any], kinds: list[str]) -> Json:
    shown: Json = {}
    if "card" in kinds:
        shown["card"] = {"request_three_d_secure": "automatic"}
    for kind, options in (params.get("payment_method_options") or {}).items():
        if options:
            shown[kind] = {**shown.get(kind, {}), **options}
    return shown
