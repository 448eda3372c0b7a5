"""What a price costs, as Stripe keeps it: amounts, tiers, free choices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid, ParameterMissing
from stripe_nb.sandbox.wire import Json

__all__ = ["currency_options", "custom_amount", "tiers", "unit_amounts"]

_MOST_PLACES = 12
_LARGEST = 999_999_999_999


def unit_amounts(params: Json, name: str = "unit_amount", param: str = "") -> Json:
    """Return an amount twice, as Stripe does: whole, and with all its digits.

    Parameters
    ----------
    params
        With the amount, or the same name with ``_decimal``, or neither.
    name
        What it is called.
    param
        Where in the request this is: ``"tiers[0]"``.
    """
    whole, exact = params.get(name), params.get(f"{name}_decimal")
    if Decimal(exact or whole or 0) > _LARGEST:
        raise InvalidRequest(
            f"Invalid {name}: the largest is {_LARGEST}.",
            code="amount_too_large",
            param=_named(param, name if exact is None else f"{name}_decimal"),
        )
    if whole is not None and exact is not None:
        raise InvalidRequest(
            f"You may only specify one of these parameters: {name}, {name}_decimal.",
        )
    if whole is not None:
        if whole < 0:
            raise ParameterInvalid(
                "This value must be greater than or equal to 0.",
                code="parameter_invalid_integer",
                param=_named(param, name),
            )
        return {name: whole, f"{name}_decimal": str(whole)}
    if exact is None:
        return {name: None, f"{name}_decimal": None}
    value = Decimal(exact)
    places = value.as_tuple().exponent
    if not isinstance(places, int) or value < 0 or -places > _MOST_PLACES:
        raise ParameterInvalid(
            f"Invalid decimal: {exact}; must contain at maximum {_MOST_PLACES} decimal "
            "places and be at least 0",
            param=_named(param, f"{name}_decimal"),
        )
    return {
        name: int(value) if value == value.to_integral_value() else None,
        f"{name}_decimal": f"{value.normalize():f}",
    }


def _named(param: str, name: str) -> str:
    return f"{param}[{name}]" if param else name


def tiers(given: Sequence[Json], param: str = "tiers") -> list[Json]:
    """Return tiers with all their fields, checked to rise and to end open.

    Raises
    ------
    ParameterInvalid, ParameterMissing
        If they don't, or if one costs nothing that was said.
    """
    made: list[Json] = []
    for index, tier in enumerate(given):
        where = f"{param}[{index}]"
        unit = unit_amounts(tier, "unit_amount", where)
        flat = unit_amounts(tier, "flat_amount", where)
        if unit["unit_amount_decimal"] is None and flat["flat_amount_decimal"] is None:
            raise ParameterMissing(
                f"{where}[unit_amount]",
                "Each tier must have at least one of `unit_amount` and `flat_amount`.",
            )
        before = made[-1]["up_to"] if made else 0
        made.append({**flat, **unit, "up_to": _up_to(tier, before, where)})
    if not made or made[-1]["up_to"] is not None:
        raise ParameterInvalid(
            "The last tier must have `up_to` set to `inf`.", param=param
        )
    return made


def _up_to(tier: Json, before: int | None, where: str) -> int | None:
    given = tier["up_to"]
    end = None if given == "inf" else int(given)
    if before is None or (end is not None and end <= before):
        raise ParameterInvalid(
            "The tiers must be in ascending order of `up_to`.", param=f"{where}[up_to]"
        )
    return end


def custom_amount(given: Json | None) -> Json | None:
    """Return the bounds of an amount that the customer chooses, if it does."""
    if not given or not given["enabled"]:
        return None
    made = {name: given.get(name) for name in ("maximum", "minimum", "preset")}
    bounds = [
        value
        for value in (made["minimum"], made["preset"], made["maximum"])
        if value is not None
    ]
    if bounds != sorted(bounds):
        raise ParameterInvalid(
            "The preset of a custom amount must lie between its minimum and maximum.",
            param="custom_unit_amount",
        )
    return made


def currency_options(given: Json, own: str, params: Any) -> Json:
    """Return a price's terms in each of its currencies, its own among them."""
    made = {own: _option(params, "")}
    for name, option in given.items():
        currency = check_currency(name, f"currency_options[{name}]")
        if currency != own:
            made[currency] = _option(option, f"currency_options[{name}]")
    return dict(sorted(made.items()))


def _option(option: Json, where: str) -> Json:
    terms: Json = {
        "custom_unit_amount": custom_amount(option.get("custom_unit_amount")),
        "tax_behavior": option.get("tax_behavior") or "unspecified",
        **unit_amounts(option, param=where),
    }
    if option.get("tiers"):
        terms["tiers"] = tiers(option["tiers"], _named(where, "tiers"))
    return terms
