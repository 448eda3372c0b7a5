"""Whether an issued card may be used: its state, its holder's, and their limits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from stripe_nb.sandbox.wire import Json

__all__ = ["controls", "reason"]

_LISTS = (
    ("categories", "category"),
    ("merchant_countries", "country"),
)


def controls(given: Json | None, currency: str | None) -> Json:
    """Return spending controls as the object shows them.

    Parameters
    ----------
    given
        The parameter ``spending_controls``.
    currency
        Of the limits.
    """
    given = given or {}
    limits = given.get("spending_limits") or []
    return {
        "allowed_card_presences": given.get("allowed_card_presences"),
        "allowed_categories": given.get("allowed_categories"),
        "allowed_merchant_countries": given.get("allowed_merchant_countries"),
        "blocked_card_presences": given.get("blocked_card_presences"),
        "blocked_categories": given.get("blocked_categories"),
        "blocked_merchant_countries": given.get("blocked_merchant_countries"),
        "spending_limits": [{"categories": None, **limit} for limit in limits],
        "spending_limits_currency": currency if limits else None,
    }


def reason(
    card: Json, amount: int, merchant: Json, earlier: Iterable[Json], now: int
) -> str:
    """Return why an authorization is approved or declined, as Stripe names it.

    Parameters
    ----------
    card
        The issued card, its cardholder inside.
    amount
        What is asked for, in the card's currency.
    merchant
        Where.
    earlier
        The card's earlier authorizations.
    now
        Unix seconds.
    """
    holder = card["cardholder"]
    states = (
        (card["status"] == "canceled", "card_canceled"),
        (card["status"] != "active", "card_inactive"),
        (holder["status"] == "blocked", "cardholder_blocked"),
        (holder["status"] != "active", "cardholder_inactive"),
    )
    for holds, name in states:
        if holds:
            return name
    approved = [one for one in earlier if one["approved"]]
    for rules in (card["spending_controls"], holder["spending_controls"]):
        if rules and _forbids(rules, amount, merchant, approved, now):
            return "spending_controls"
    return "webhook_approved"


def _forbids(
    rules: Json, amount: int, merchant: Json, approved: Iterable[Json], now: int
) -> bool:
    for name, of_merchant in _LISTS:
        allowed, blocked = rules[f"allowed_{name}"], rules[f"blocked_{name}"]
        value = merchant[of_merchant]
        if (allowed and value not in allowed) or (blocked and value in blocked):
            return True
    return any(
        _spent(limit, approved, now) + amount > limit["amount"]
        for limit in rules["spending_limits"] or ()
        if _concerns(limit, merchant)
    )


def _spent(limit: Json, approved: Iterable[Json], now: int) -> int:
    since = _since(limit["interval"], now)
    return sum(
        one["amount"]
        for one in approved
        if one["created"] >= since and _concerns(limit, one["merchant_data"])
    )


def _concerns(limit: Json, merchant: Json) -> bool:
    return not limit["categories"] or merchant["category"] in limit["categories"]


def _since(interval: str, now: int) -> int:
    """Return when a limit's interval began, midnight UTC; now for a single one."""
    today = datetime.fromtimestamp(now, UTC).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    begins = {
        "daily": today,
        "weekly": today - timedelta(days=today.weekday()),
        "monthly": today.replace(day=1),
        "yearly": today.replace(month=1, day=1),
        "all_time": datetime.fromtimestamp(0, UTC),
    }
    return int(begins[interval].timestamp()) if interval in begins else now + 1
