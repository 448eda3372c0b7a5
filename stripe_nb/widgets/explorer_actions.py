"""What can be done with an object in its present state.

Ways that a state machine has come from `states`; here is what these don't
tell: calls that change no state, and what has to be asked before a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from stripe_nb.catalog import load
from stripe_nb.errors import WidgetError
from stripe_nb.frames.objects import Object
from stripe_nb.money import format_amount, to_decimal, to_minor
from stripe_nb.widgets.presentation import title
from stripe_nb.widgets.states import states_of

__all__ = [
    "Action",
    "Ask",
    "actions_of",
    "collapsed",
    "needed_for_actions",
    "request",
    "told",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """A value to ask for before a call.

    Attributes
    ----------
    name
        The parameter.
    label
        What it is, for people.
    amount
        Whether it is money: asked for in major units.
    value
        What stands there at first, by the object.
    """

    name: str
    label: str
    amount: bool = False
    value: Callable[[Object], Any] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Action:
    """A call that makes sense for an object.

    Attributes
    ----------
    operation
        Its name in the catalog.
    label
        What the button says.
    asks
        What is asked before.
    given
        Parameters that are always sent, by the object.
    own
        Whether the object is what the call's path names.
    fits
        Whether it makes sense for an object.
    """

    operation: str
    label: str
    asks: tuple[Ask, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    own: bool = True
    fits: Callable[[Object], bool] = lambda _: True

    @property
    def is_final(self) -> bool:
        """Whether it can't be undone."""
        return bool(_FINAL & set(self.operation.rpartition(".")[2].split("_")))


_FINAL = {"cancel", "void", "close", "delete", "expire", "release", "create", "reverse"}


# resource: references that are read with it, since what can be done depends on them
_NEEDED = {"payment_intent": ("latest_charge",)}


def needed_for_actions(resource: str) -> tuple[str, ...]:
    """Return what to expand of a resource for `actions_of` to be right.

    Parameters
    ----------
    resource
        Its object name.

    Examples
    --------
    >>> needed_for_actions("payment_intent")
    ('latest_charge',)
    """
    return _NEEDED.get(resource, ())


def collapsed(obj: Object) -> Object:
    """Return an object as it is without `needed_for_actions` being expanded.

    Parameters
    ----------
    obj
        As Stripe returned it.

    Examples
    --------
    >>> intent = {"object": "payment_intent", "latest_charge": {"id": "ch_1"}}
    >>> collapsed(intent)["latest_charge"]
    'ch_1'
    """
    names = needed_for_actions(str(obj.get("object")))
    found = {name: obj.get(name) for name in names}
    ids = {
        name: value["id"] for name, value in found.items() if isinstance(value, Mapping)
    }
    return {**obj, **ids}


def _left_to_refund(obj: Object) -> int:
    charge = obj.get("latest_charge")
    if isinstance(charge, Mapping):
        # Only the charge of an intent knows what went back.
        return _left_to_refund({**charge})
    received = obj.get("amount_received", obj.get("amount_captured", 0))
    return int(received or 0) - int(obj.get("amount_refunded") or 0)


def _succeeded(obj: Object) -> bool:
    return obj.get("status") == "succeeded" and _left_to_refund(obj) > 0


_REFUND = Ask("amount", "Amount to refund", amount=True, value=_left_to_refund)
_CAPTURE = Ask(
    "amount_to_capture",
    "Amount to capture",
    amount=True,
    value=lambda obj: obj.get("amount_capturable", 0),
)
_METHOD = Ask("payment_method", "Payment method (an id, or pm_card_visa in test mode)")

# operation: what to ask before
_ASKS: dict[str, tuple[Ask, ...]] = {
    "payment_intents.capture": (_CAPTURE,),
    "payment_intents.confirm": (_METHOD,),
    "setup_intents.confirm": (_METHOD,),
}

# resource: calls that its state machine doesn't have
_MORE: dict[str, tuple[Action, ...]] = {
    "payment_intent": (
        Action("refunds.create", "Refund", (_REFUND,), own=False, fits=_succeeded),
    ),
    "charge": (
        Action("refunds.create", "Refund", (_REFUND,), own=False, fits=_succeeded),
    ),
    "invoice": (
        Action(
            "invoices.send_invoice",
            "Send invoice",
            fits=lambda obj: (
                obj.get("status") == "open"
                and obj.get("collection_method") == "send_invoice"
            ),
        ),
        Action(
            "invoices.delete",
            "Delete",
            fits=lambda obj: obj.get("status") == "draft",
        ),
    ),
    "subscription": (
        Action(
            "subscriptions.update",
            "Cancel at the period's end",
            given={"cancel_at_period_end": "true"},
            fits=lambda obj: (
                obj.get("status") in {"active", "trialing", "past_due"}
                and not obj.get("cancel_at_period_end")
            ),
        ),
        Action(
            "subscriptions.update",
            "Keep after the period's end",
            given={"cancel_at_period_end": "false"},
            fits=lambda obj: (
                obj.get("status") != "canceled"
                and bool(obj.get("cancel_at_period_end"))
            ),
        ),
    ),
    "payout": (
        Action(
            "payouts.reverse",
            "Reverse",
            fits=lambda obj: obj.get("status") == "paid",
        ),
    ),
}

# Resources that are switched on and off by their field `active`.
_SWITCHED = ("payment_link", "price", "product", "promotion_code")


def actions_of(obj: Object) -> tuple[Action, ...]:
    """Return what can be done with an object now.

    Parameters
    ----------
    obj
        As Stripe returned it.

    Examples
    --------
    >>> invoice = {"object": "invoice", "id": "in_1", "status": "draft"}
    >>> [action.label for action in actions_of(invoice)]
    ['Finalize invoice', 'Delete']
    """
    resource = str(obj.get("object"))
    if obj.get("deleted"):
        return ()
    more = (action for action in _MORE.get(resource, ()) if action.fits(obj))
    return (*_of_state(resource, obj), *more, *_switch(resource, obj))


def _of_state(resource: str, obj: Object) -> list[Action]:
    try:
        calls = states_of(resource).calls(str(obj.get("status")))
    except WidgetError:
        return []
    # An update takes whatever the user wants changed: no button can know.
    names = [name for name in calls if not name.endswith((".update", ".advance"))]
    return [
        Action(name, title(name.rpartition(".")[2]), _ASKS.get(name, ()))
        for name in names
    ]


def _switch(resource: str, obj: Object) -> tuple[Action, ...]:
    if resource not in _SWITCHED:
        return ()
    is_on = bool(obj.get("active"))
    label = "Archive" if is_on else "Activate"
    given = {"active": "false" if is_on else "true"}
    return (Action(f"{load().resource(resource).plural}.update", label, given=given),)


def told(action: Action, obj: Object) -> dict[str, Any]:
    """Return an action as the page needs it: label, question and fields."""
    name = f"{title(str(obj['object']))} {obj['id']}"
    return {
        "label": action.label,
        "question": f"{action.label}: {name}?",
        "final": action.is_final,
        "fields": [_field(ask, obj) for ask in action.asks],
    }


def _field(ask: Ask, obj: Object) -> dict[str, str]:
    value = ask.value(obj)
    if not ask.amount:
        return {"name": ask.name, "label": ask.label, "value": str(value), "hint": ""}
    currency = str(obj["currency"])
    return {
        "name": ask.name,
        "label": f"{ask.label} ({currency.upper()})",
        "value": f"{to_decimal(value, currency):f}",
        "hint": f"At most {format_amount(value, currency)}.",
    }


def request(
    action: Action, obj: Object, values: Mapping[str, str]
) -> tuple[str, str, dict[str, Any]]:
    """Return the method, the path and the parameters of an action's call.

    Parameters
    ----------
    action
        One of `actions_of` the object.
    obj
        The object.
    values
        What was asked for, as it was typed; what is empty is left out.

    Raises
    ------
    MoneyError
        If an amount is none.

    Examples
    --------
    >>> charge = {"object": "charge", "id": "ch_1", "status": "succeeded"}
    >>> charge |= {"amount_captured": 500, "amount_refunded": 0, "currency": "usd"}
    >>> (refund,) = actions_of(charge)
    >>> request(refund, charge, {"amount": "2.50"})
    ('post', '/v1/refunds', {'charge': 'ch_1', 'amount': 250})
    """
    operation = load().operation(action.operation)
    path, params = operation.path, dict(action.given)
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", quote(str(obj["id"]), safe=""))
    if not action.own:
        params[str(obj["object"])] = obj["id"]
    for ask in action.asks:
        if typed := str(values.get(ask.name) or "").strip():
            params[ask.name] = (
                to_minor(typed, str(obj["currency"])) if ask.amount else typed
            )
    return operation.method, path, params
