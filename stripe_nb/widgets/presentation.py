"""How a Stripe object's fields are shown to people: which, in what words.

The catalog tells what a field is; here is only the taste: which fields come
first, and how money, times and references read. Everything is text: whoever
puts it on a page escapes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import stripe

from stripe_nb.catalog import Field, Kind, load
from stripe_nb.errors import UnknownResourceError
from stripe_nb.frames.objects import Object, canonical_json
from stripe_nb.money import MoneyError, format_amount
from stripe_nb.redaction import redact
from stripe_nb.widgets.words import on_one_line

__all__ = [
    "dashboard_url",
    "entries",
    "fields_of",
    "headline",
    "mood",
    "resource_named",
    "shown",
    "target",
    "title",
    "utc",
]

# Whichever of these a resource has, in this order, is what people look for.
_FIRST = (
    "status",
    "amount",
    "total",
    "unit_amount",
    "net",
    "percent_off",
    "amount_off",
    "amount_total",
    "name",
    "number",
    "email",
    "code",
    "type",
    "description",
    "active",
    "customer",
    "product",
    "subscription",
    "invoice",
    "payment_intent",
    "latest_charge",
    "payment_method",
    "charge",
    "balance_transaction",
    "reason",
    "created",
)
_HEADLINE = 8
_LONGEST = 120

# What a state says of how things are; others are on their way.
_MOODS = {
    "good": (
        "succeeded paid active complete completed available won accepted verified "
        "issued enabled ready"
    ),
    "warn": (
        "requires_payment_method requires_confirmation requires_action past_due "
        "requires_capture incomplete paused unpaid needs_response "
        "warning_needs_response appeal_needs_response uncollectible requires_input"
    ),
    "bad": (
        "failed canceled incomplete_expired lost void expired disabled reversed "
        "internal_failure"
    ),
}
_MOOD_OF = {state: mood for mood, states in _MOODS.items() for state in states.split()}

# resource: its folder in the Dashboard.
_DASHBOARD = {
    "charge": "payments",
    "coupon": "coupons",
    "customer": "customers",
    "dispute": "disputes",
    "event": "events",
    "invoice": "invoices",
    "payment_intent": "payments",
    "payout": "payouts",
    "price": "prices",
    "product": "products",
    "subscription": "subscriptions",
}


@cache
def fields_of(resource: str) -> Mapping[str, Field]:
    """Return a resource's fields by name; empty for what the catalog doesn't know."""
    try:
        return load().resource(resource).fields
    except UnknownResourceError:
        return {}


@cache
def headline(resource: str) -> tuple[str, ...]:
    """Return the fields of a resource that say most, at most eight.

    Parameters
    ----------
    resource
        Its object name.

    Examples
    --------
    >>> headline("refund")[:3]
    ('status', 'amount', 'description')
    """
    known = fields_of(resource)
    names = [name for name in _FIRST if name in known]
    # The time stays, however much there is to tell before it.
    return (*names[: _HEADLINE - 1], *names[_HEADLINE - 1 :][-1:])


def mood(state: object) -> str:
    """Return ``"good"``, ``"warn"``, ``"bad"`` or ``"info"`` for a state."""
    return _MOOD_OF.get(str(state), "info")


def title(resource: str) -> str:
    """Write a resource's name as people would.

    Examples
    --------
    >>> title("checkout.session")
    'Checkout session'
    """
    words = resource.replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def utc(seconds: float) -> str:
    """Write Unix seconds as a time in UTC.

    Examples
    --------
    >>> utc(1_768_435_200)
    '2026-01-15 00:00:00 UTC'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def shown(obj: Object, name: str) -> str:
    """Return an object's field as text: money, times and nested values read well.

    Parameters
    ----------
    obj
        The object; `name` is one of its fields.

    Examples
    --------
    >>> charge = {"object": "charge", "amount": 1234, "currency": "usd", "created": 0}
    >>> shown(charge, "amount"), shown(charge, "created")
    ('12.34 USD', '1970-01-01 00:00:00 UTC')
    """
    value = redact(obj.get(name), name)
    field = fields_of(str(obj.get("object"))).get(name)
    if field is not None and isinstance(value, int) and not isinstance(value, bool):
        if field.timestamp:
            return utc(value)
        if field.amount:
            return _money(value, _currency(obj, field))
    return _text(value)


def _currency(obj: Object, field: Field) -> str:
    path = field.currency_field or ""
    return str(obj.get(path) or "") if path.isidentifier() else ""


def _money(amount: int, currency: str) -> str:
    try:
        return format_amount(amount, currency)
    except MoneyError:
        # A currency that is newer than our table: the minor units are true.
        return f"{amount} {currency.upper()}".strip()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        text = str(value.get("id") or "") or canonical_json(dict(value))
    elif isinstance(value, list):
        text = canonical_json(value)
    else:
        text = str(value)
    text = on_one_line(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def target(obj: Object, name: str) -> tuple[str, str] | None:
    """Return the resource and the id that a field leads to, if it leads anywhere.

    Parameters
    ----------
    obj
        The object; `name` is one of its fields.

    Examples
    --------
    >>> target({"object": "charge", "customer": "cus_1"}, "customer")
    ('customer', 'cus_1')
    """
    field = fields_of(str(obj.get("object"))).get(name)
    if field is None or field.type.kind not in {Kind.EXPANDABLE, Kind.RESOURCE}:
        return None
    value = obj.get(name)
    if isinstance(value, Mapping):
        resource, object_id = value.get("object"), value.get("id")
        return (str(resource), str(object_id)) if resource and object_id else None
    if not isinstance(value, str) or not value:
        return None
    resource = resource_named(value, field.type.resources)
    return (resource, value) if resource else None


def resource_named(object_id: str, among: tuple[str, ...]) -> str | None:
    """Return which of some resources an id belongs to, by its prefix."""
    if len(among) == 1:
        return among[0]
    prefix = object_id.partition("_")[0]
    fitting = [name for name in among if load().resource(name).id_prefix == prefix]
    return fitting[0] if fitting else None


def dashboard_url(resource: str, object_id: str, *, livemode: bool) -> str | None:
    """Return an object's page in the Dashboard; None if it is in no Dashboard.

    What the sandbox made has no page there, so there is one only while the
    ``stripe`` module is set up for Stripe itself.
    """
    is_stripes = stripe.api_key and stripe.api_base == stripe.DEFAULT_API_BASE
    folder = _DASHBOARD.get(resource)
    if not is_stripes or not folder:
        return None
    mode = "" if livemode else "test/"
    return f"https://dashboard.stripe.com/{mode}{folder}/{object_id}"


def entries(obj: Object) -> Iterator[tuple[str, str]]:
    """Yield all of an object's fields that hold something, as text."""
    for name in obj:
        if (text := shown(obj, name)) and text not in {"{}", "[]"}:
            yield name, text
