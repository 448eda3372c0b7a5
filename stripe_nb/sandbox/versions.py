"""API versions: which are known, and what older ones may still send.

Parameters are judged by the installed SDK's types, which are those of its own
API version. What an older version took and today's does not is listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Operation, Presence, Type
from stripe_nb.sandbox.errors import InvalidRequest

__all__ = ["DEFAULT_VERSION", "modern", "parameters", "serves"]

# The version of an account whose requests name none, as the Stripe CLI's don't.
DEFAULT_VERSION = "2026-08-26.dahlia"


@dataclass(frozen=True, slots=True)
class _Legacy:
    """Parameters that operations took before the version `until`.

    With `inside`, the entries of the list parameter of that name took them.
    """

    operations: tuple[str, ...]
    until: str
    fields: tuple[Field, ...]
    inside: str | None = None


_STRINGS = Type(Kind.LIST, item=Type(Kind.STRING))
_STRING = Type(Kind.STRING)


# Sources: the parameters that changed between SDK 14, 15 and 16, and Stripe's
# changelog entries for 2025-03-31.basil, 2025-09-30.clover and 2026-09-30.endive.
_LEGACY = (
    _Legacy(
        (
            "payment_intents.create",
            "payment_intents.update",
            "payment_intents.confirm",
            "setup_intents.create",
            "setup_intents.update",
            "checkout.sessions.create",
        ),
        "2026-09-30.endive",
        (Field("payment_method_types", _STRINGS),),
    ),
    _Legacy(
        ("customers.create", "customers.update"),
        "2025-03-31.basil",
        (Field("coupon", _STRING), Field("promotion_code", _STRING)),
    ),
    _Legacy(
        ("subscriptions.create", "subscriptions.update"),
        "2025-03-31.basil",
        (Field("coupon", _STRING), Field("promotion_code", _STRING)),
    ),
    _Legacy(
        ("invoice_items.create", "invoice_items.update"),
        "2025-03-31.basil",
        (Field("price", _STRING), Field("unit_amount", Type(Kind.INTEGER))),
    ),
    _Legacy(
        ("promotion_codes.create",),
        "2025-09-30.clover",
        (Field("coupon", _STRING),),
    ),
    _Legacy(
        ("subscriptions.update", "subscriptions.resume"),
        "2026-09-30.endive",
        (Field("billing_cycle_anchor", _STRING),),
    ),
    _Legacy(
        ("subscription_schedules.create", "subscription_schedules.update"),
        "2025-09-30.clover",
        (Field("iterations", Type(Kind.INTEGER)),),
        inside="phases",
    ),
)

# Values that an enum took before an API version: operation, path, values, version.
_OLD_VALUES = (
    (
        "checkout.sessions.create",
        ("ui_mode",),
        ("custom", "embedded", "hosted"),
        "2026-03-25.dahlia",
    ),
    (
        "payment_intents.create",
        ("payment_method_options", "customer_balance", "bank_transfer", "type"),
        ("jp_bank_account",),
        "2026-09-30.endive",
    ),
)

# What the values were called before 2026-03-25.dahlia.
_UI_MODES = {
    "custom": "elements",
    "embedded": "embedded_page",
    "hosted": "hosted_page",
}

# Stripe.js sends cards in payment_method_data; the SDKs list no such parameter.
_CARD = Field(
    "card",
    Type(
        Kind.OBJECT,
        fields={
            "cvc": Field("cvc", _STRING),
            "exp_month": Field("exp_month", Type(Kind.INTEGER)),
            "exp_year": Field("exp_year", Type(Kind.INTEGER)),
            "number": Field("number", _STRING),
            "token": Field("token", _STRING),
        },
    ),
)

# The Stripe CLI's fixtures send these with no version at all.
_FIXTURES_STILL_SEND = (
    ("customers.create", "coupon"),
    ("customers.update", "coupon"),
    ("promotion_codes.create", "coupon"),
    ("subscription_schedules.create", "iterations"),
)


# Older parameters that are today's under another name: operations, old name, today's
# name, and how to say the value there.
_RENAMED: tuple[tuple[tuple[str, ...], str, str, Callable[[Any], Any]], ...] = (
    (
        ("checkout.sessions.create",),
        "ui_mode",
        "ui_mode",
        lambda mode: _UI_MODES.get(mode, mode),
    ),
    (
        ("subscriptions.create", "subscriptions.update"),
        "coupon",
        "discounts",
        lambda coupon: [{"coupon": coupon}] if coupon else [],
    ),
    (
        ("subscriptions.create", "subscriptions.update"),
        "promotion_code",
        "discounts",
        lambda code: [{"promotion_code": code}] if code else [],
    ),
    (
        ("invoice_items.create", "invoice_items.update"),
        "price",
        "pricing",
        lambda price: {"price": price},
    ),
    (
        ("invoice_items.create", "invoice_items.update"),
        "unit_amount",
        "unit_amount_decimal",
        str,
    ),
)


def serves(version: str, known: tuple[str, ...]) -> None:
    """Refuse a version that Stripe never had.

    Raises
    ------
    InvalidRequest
        In Stripe's words.
    """
    if version not in known:
        raise InvalidRequest(f"Invalid Stripe API version: {version}")


def parameters(
    operation: Operation, version: str, *, named: bool
) -> Mapping[str, Field]:
    """Return what an operation takes under a version.

    Parameters
    ----------
    operation
        From the catalog.
    version
        The version that the request is served under.
    named
        Whether the request itself named it.
    """
    more = {
        field.name: field
        for legacy in _LEGACY
        if operation.name in legacy.operations
        for field in _fields(legacy, operation)
        if version[:10] < legacy.until[:10]
        or (
            not named
            and (operation.name, legacy.fields[0].name) in _FIXTURES_STILL_SEND
        )
    }
    data = operation.parameters.get("payment_method_data")
    if data and "type" in data.type.fields and "card" not in data.type.fields:
        fields = {**data.type.fields, "card": _CARD}
        with_card = replace(data, type=replace(data.type, fields=fields))
        more[data.name] = _also(with_card, ("type",), ("card",))
    for name, (top, *path), values, until in _OLD_VALUES:
        if operation.name == name and version[:10] < until[:10]:
            more[top] = _also(operation.parameters[top], path, values)
    if not more:
        return operation.parameters
    relaxed = {
        # What an older parameter stood for can't be required beside it.
        name: Field(field.name, field.type, Presence.OPTIONAL)
        if name == "promotion" and "coupon" in more
        else field
        for name, field in operation.parameters.items()
    }
    return {**relaxed, **more}


def modern(operation: Operation, params: dict[str, Any]) -> dict[str, Any]:
    """Say older parameters in today's words, where they only have another name.

    Parameters
    ----------
    operation
        From the catalog.
    params
        Checked by what `parameters` returned; not changed.
    """
    for operations, name, today, say in _RENAMED:
        if operation.name in operations and name in params:
            rest = {key: value for key, value in params.items() if key != name}
            params = {**rest, today: say(params[name])}
    return params


def _fields(legacy: _Legacy, operation: Operation) -> tuple[Field, ...]:
    """Return an operation's parameters with what an older version took."""
    if legacy.inside is None:
        return legacy.fields
    outer = operation.parameters[legacy.inside]
    entry = outer.type.item
    if entry is None:
        return ()
    fields = {**entry.fields, **{field.name: field for field in legacy.fields}}
    kind = replace(outer.type, item=replace(entry, fields=fields))
    return (replace(outer, type=kind),)


def _also(field: Field, path: Sequence[str], values: tuple[str, ...]) -> Field:
    """Return a parameter whose nested enum takes some more values."""
    if not path:
        kind = replace(field.type, values=(*field.type.values, *values))
        return replace(field, type=kind)
    name, *rest = path
    inner = _also(field.type.fields[name], rest, values)
    fields = {**field.type.fields, name: inner}
    return replace(field, type=replace(field.type, fields=fields))
