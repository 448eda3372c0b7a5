"""Which fields hold times and money, and where an amount's currency stands.

No type in the SDK says so. The rules go by name first and by Stripe's own
description second: the description alone misses almost half of the times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from stripe_nb.catalog import facts
from stripe_nb.catalog.model import Field, Kind, Presence, Type

__all__ = ["mark_parameters", "mark_resource"]

_TIME_NAME = re.compile(
    r"^(as_of|billed_until|billing_cycle_anchor|created|date|deadline|end|eta|expires"
    r"|next_payment_attempt|next_pending_invoice_item_invoice|start|timestamp|updated)$"
    r"|_(after|at|before|by|date|deadline|end|from|on|release|start|time|timestamp"
    r"|until)$"
)
_TIME_DOC = re.compile(
    r"unix|epoch|timestamp|time (at|after|before) which|\btime that\b", re.IGNORECASE
)
_AMOUNT_NAME = re.compile(
    r"(^|_)(amounts?|balance|cost|fees?|net|subtotal|total)(_|$)"
    r"|^(smart_tip_threshold|tax)$"
)
# Amounts that only their place tells.
_AMOUNT_PLACE = re.compile(
    r"(^|\.)custom_unit_amount\.(maximum|minimum|preset)$"
    r"|(^|[].])(source_types|balance_impact)\.\w+$"
)
# Maps from a currency to an amount, or to an object that holds amounts.
_KEYED_AMOUNTS = re.compile(
    r"^(available|cash|current|inbound_pending|invoice_credit_balance"
    r"|outbound_pending|used)$|_by_currency$"
)
_KEYED = re.compile(r"^(currency_options|current_prices_per_metric_ton)$|_by_currency$")
_RANGE = {"gt", "gte", "lt", "lte"}
_MONEY_KINDS = (Kind.INTEGER, Kind.DECIMAL)
_CODES = {
    "r": Presence.REQUIRED,
    "rn": Presence.NULLABLE,
    "o": Presence.OPTIONAL,
    "n": Presence.OPTIONAL_NULLABLE,
}
_SUFFIXES = {Kind.LIST: "[]", Kind.MAP: "{}"}


def mark_resource(
    name: str, fields: Mapping[str, Field], presence: Mapping[str, str]
) -> dict[str, Field]:
    """Return a resource's fields with presence, times and money marked.

    Parameters
    ----------
    name
        Object name.
    fields
        As their types tell them.
    presence
        Recorded code by dotted path; a field without one stays as it is.
    """
    return _Marker(is_v2=name.startswith("v2."), presence=presence).mark(fields)


def mark_parameters(name: str, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Return an operation's parameters with times and money marked.

    Parameters
    ----------
    name
        Of the operation.
    fields
        As their types tell them.
    """
    return _Marker(is_v2=name.startswith("v2."), presence={}).mark(fields)


@dataclass(frozen=True, slots=True)
class _Marker:
    """Marks a tree of fields."""

    is_v2: bool
    presence: Mapping[str, str]

    def mark(
        self, fields: Mapping[str, Field], path: str = "", currency: str | None = None
    ) -> dict[str, Field]:
        """Mark fields below a path, the nearest currency above being known."""
        if "currency" in fields:
            currency = f"{path}currency"
        return {
            name: self._mark(field, fields, path, currency)
            for name, field in fields.items()
        }

    def _mark(
        self,
        field: Field,
        siblings: Mapping[str, Field],
        path: str,
        nearest: str | None,
    ) -> Field:
        place = f"{path}{field.name}"
        below = place + _suffix(field.type)
        is_amount = _is_amount(field, place, siblings)
        is_time = not is_amount and self._is_time(field)
        own = _currency(field.name, siblings, path, nearest)
        if field.type.kind is Kind.MAP and (is_amount or _KEYED.search(field.name)):
            own = nearest = f"{place}{{}}"
        elif f"{field.name}_currency" in siblings:
            nearest = own
        code = self.presence.get(place)
        return Field(
            name=field.name,
            type=self._mark_type(field.type, below, nearest, is_time=is_time),
            presence=_CODES[code] if code else field.presence,
            timestamp=is_time,
            amount=is_amount,
            currency_field=own if is_amount else None,
            doc=field.doc,
        )

    def _mark_type(
        self, type_: Type, path: str, currency: str | None, *, is_time: bool
    ) -> Type:
        if type_.item is not None:
            item = self._mark_type(type_.item, path, currency, is_time=is_time)
            return replace(type_, item=item)
        if type_.options:
            options = [
                self._mark_type(option, path, currency, is_time=is_time)
                for option in type_.options
            ]
            return replace(type_, options=tuple(options))
        if not type_.fields:
            return type_
        fields = self.mark(type_.fields, f"{path}.", currency)
        if is_time and set(fields) <= _RANGE:
            fields = {key: replace(f, timestamp=True) for key, f in fields.items()}
        return replace(type_, fields=fields)

    def _is_time(self, field: Field) -> bool:
        is_named = _TIME_NAME.search(field.name) is not None
        options = field.type.options or (field.type,)
        if any(option.kind is Kind.INTEGER for option in options):
            is_told = _TIME_DOC.search(field.doc) is not None
            return (is_named or is_told) and field.name not in facts.NOT_TIMES
        if any(set(option.fields) & _RANGE == _RANGE for option in options):
            return is_named
        if self.is_v2 and field.type.kind is Kind.STRING:
            # v1 writes days as text, v2 times: only there a name is enough.
            is_named = is_named or field.name in facts.V2_TIMES
            return is_named and field.name not in facts.V2_NOT_TIMES
        return False


def _is_amount(field: Field, place: str, siblings: Mapping[str, Field]) -> bool:
    leaf = _leaf(field.type)
    options = leaf.options or (leaf,)
    if not any(option.kind in _MONEY_KINDS for option in options):
        return False
    if field.type.kind is Kind.MAP:
        return _KEYED_AMOUNTS.search(field.name) is not None
    if field.name == "value":
        return "currency" in siblings
    return bool(_AMOUNT_NAME.search(field.name) or _AMOUNT_PLACE.search(place))


def _currency(
    name: str, siblings: Mapping[str, Field], path: str, nearest: str | None
) -> str | None:
    """Return the path of the currency that an amount is in.

    A sibling that is named after the amount wins over the nearest ``currency``.
    """
    stem = name.removesuffix("_amount")
    for sibling in (f"{stem}_currency", f"{name}_currency", "source_currency"):
        if sibling in siblings:
            return f"{path}{sibling}"
    return nearest


def _leaf(type_: Type) -> Type:
    """Return what lists and maps hold in the end."""
    while type_.item is not None:
        type_ = type_.item
    return type_


def _suffix(type_: Type) -> str:
    """Return how a path goes on into lists and maps."""
    suffix = ""
    while type_.item is not None:
        suffix += _SUFFIXES.get(type_.kind, "")
        type_ = type_.item
    return suffix
