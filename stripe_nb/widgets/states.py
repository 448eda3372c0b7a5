"""State machines of Stripe's objects: which state follows which, and by what.

The states themselves are the SDK's (the tests hold these against the catalog);
what the SDK can't tell is how one leads to another. That is here, from Stripe's
documentation: the API reference's text on each ``status`` and on each
operation, docs.stripe.com/payments/paymentintents/lifecycle,
docs.stripe.com/billing/subscriptions/overview,
docs.stripe.com/billing/invoices/workflow and docs.stripe.com/disputes.
"""

from __future__ import annotations

from dataclasses import dataclass

from stripe_nb.catalog import load
from stripe_nb.errors import WidgetError

__all__ = ["Machine", "Transition", "states_of"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from a state to another.

    Attributes
    ----------
    source
        The state before; ``""`` for an object that is just made.
    target
        The state after.
    by
        The operation that does it (``"payment_intents.capture"``), or what
        happens, in words.
    """

    source: str
    target: str
    by: str

    @property
    def operation(self) -> str | None:
        """The operation's name, if a call does it."""
        return self.by if " " not in self.by else None


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of a resource, and the ways between them.

    Attributes
    ----------
    states
        In the order in which an object usually meets them.
    """

    resource: str
    states: tuple[str, ...]
    transitions: tuple[Transition, ...]

    def from_state(self, state: str) -> tuple[Transition, ...]:
        """Return the ways out of a state; ``""`` is before an object is made."""
        return tuple(way for way in self.transitions if way.source == state)

    def calls(self, state: str) -> tuple[str, ...]:
        """Return the operations that lead on from a state."""
        names = (way.operation for way in self.from_state(state))
        return tuple(dict.fromkeys(name for name in names if name))


# resource: rows of (states before, states after, operation or what happens).
# "" before: it is made so. Several names are several ways of one kind.
_WAYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "payment_intent": (
        ("", "requires_payment_method", "payment_intents.create"),
        ("", "requires_confirmation", "payment_intents.create"),
        ("requires_payment_method", "requires_confirmation", "payment_intents.update"),
        (
            "requires_payment_method requires_confirmation",
            "requires_action processing requires_capture succeeded",
            "payment_intents.confirm",
        ),
        (
            "requires_action",
            "processing requires_capture succeeded",
            "the customer authenticates",
        ),
        ("requires_action", "requires_payment_method", "authentication fails"),
        ("requires_confirmation", "requires_payment_method", "the card is declined"),
        ("processing", "succeeded", "the bank pays"),
        ("processing", "requires_payment_method", "the bank refuses"),
        ("requires_capture", "succeeded", "payment_intents.capture"),
        (
            "requires_payment_method requires_confirmation requires_action",
            "canceled",
            "payment_intents.cancel",
        ),
        ("processing requires_capture", "canceled", "payment_intents.cancel"),
    ),
    "setup_intent": (
        ("", "requires_payment_method", "setup_intents.create"),
        ("", "requires_confirmation", "setup_intents.create"),
        ("requires_payment_method", "requires_confirmation", "setup_intents.update"),
        (
            "requires_payment_method requires_confirmation",
            "requires_action processing succeeded",
            "setup_intents.confirm",
        ),
        ("requires_action", "processing succeeded", "the customer authenticates"),
        ("requires_action", "requires_payment_method", "authentication fails"),
        ("requires_confirmation", "requires_payment_method", "the card is declined"),
        ("processing", "succeeded", "the bank confirms"),
        ("processing", "requires_payment_method", "the bank refuses"),
        (
            "requires_payment_method requires_confirmation requires_action",
            "canceled",
            "setup_intents.cancel",
        ),
    ),
    "subscription": (
        ("", "incomplete trialing active", "subscriptions.create"),
        ("incomplete", "active", "the first invoice is paid"),
        ("incomplete", "incomplete_expired", "23 hours pass"),
        ("trialing", "active", "the trial ends"),
        ("trialing", "paused", "the trial ends without a payment method"),
        ("active", "past_due", "a payment fails"),
        ("past_due", "active", "the invoice is paid"),
        ("past_due", "unpaid canceled", "all retries fail"),
        ("unpaid", "active", "the invoice is paid"),
        ("active", "paused", "subscriptions.pause"),
        ("paused", "active", "subscriptions.resume"),
        (
            "incomplete trialing active past_due unpaid paused",
            "canceled",
            "subscriptions.cancel",
        ),
    ),
    "invoice": (
        ("", "draft", "invoices.create"),
        ("draft", "open", "invoices.finalize_invoice"),
        ("open", "paid", "invoices.pay"),
        ("open", "void", "invoices.void_invoice"),
        ("open", "uncollectible", "invoices.mark_uncollectible"),
        ("uncollectible", "paid", "invoices.pay"),
        ("uncollectible", "void", "invoices.void_invoice"),
    ),
    "charge": (
        ("", "pending succeeded failed", "payment_intents.confirm"),
        ("pending", "succeeded", "the bank pays"),
        ("pending", "failed", "the bank refuses"),
    ),
    "refund": (
        ("", "pending requires_action succeeded failed", "refunds.create"),
        ("requires_action", "pending", "the customer says where to"),
        ("requires_action", "canceled", "refunds.cancel"),
        ("requires_action", "failed", "time passes"),
        ("pending", "succeeded", "the bank takes it"),
        ("pending succeeded", "failed", "the bank refuses"),
    ),
    "dispute": (
        ("", "warning_needs_response", "the bank asks"),
        ("", "needs_response", "the customer disputes"),
        ("", "prevented", "a rule settles it"),
        ("warning_needs_response", "warning_under_review", "disputes.update"),
        ("warning_needs_response", "warning_closed", "disputes.close"),
        ("warning_under_review", "warning_closed", "time passes"),
        (
            "warning_needs_response warning_under_review",
            "needs_response",
            "the bank escalates",
        ),
        ("needs_response", "under_review", "disputes.update"),
        ("needs_response", "lost", "disputes.close"),
        ("under_review", "won lost", "the bank decides"),
        ("won lost", "appeal_needs_response", "the other side appeals"),
        ("appeal_needs_response", "appeal_under_review", "disputes.update"),
        ("appeal_under_review", "won lost", "the network decides"),
    ),
    "payout": (
        ("", "pending", "payouts.create"),
        ("pending", "in_transit", "the bank gets it"),
        ("in_transit", "paid", "the bank pays"),
        ("in_transit paid", "failed", "the bank refuses"),
        ("pending", "canceled", "payouts.cancel"),
    ),
    "checkout.session": (
        ("", "open", "checkout.sessions.create"),
        ("open", "complete", "the customer pays"),
        ("open", "expired", "checkout.sessions.expire"),
    ),
    "quote": (
        ("", "draft", "quotes.create"),
        ("draft", "open", "quotes.finalize_quote"),
        ("open", "accepted", "quotes.accept"),
        ("draft open", "canceled", "quotes.cancel"),
    ),
    "subscription_schedule": (
        ("", "not_started active", "subscription_schedules.create"),
        ("not_started", "active", "the first phase begins"),
        ("active", "completed", "the last phase ends"),
        ("active", "released", "subscription_schedules.release"),
        ("not_started", "released", "subscription_schedules.release"),
        ("not_started active", "canceled", "subscription_schedules.cancel"),
    ),
    "credit_note": (
        ("", "issued", "credit_notes.create"),
        ("issued", "void", "credit_notes.void_credit_note"),
    ),
    "topup": (
        ("", "pending succeeded failed", "topups.create"),
        ("pending", "succeeded", "the bank pays"),
        ("pending", "failed", "the bank refuses"),
        ("pending", "canceled", "topups.cancel"),
        ("succeeded", "reversed", "the bank takes it back"),
    ),
    "test_helpers.test_clock": (
        ("", "ready", "test_helpers.test_clocks.create"),
        ("ready", "advancing", "test_helpers.test_clocks.advance"),
        ("advancing", "ready", "all that was due is done"),
        ("advancing", "internal_failure", "Stripe fails"),
    ),
    "billing.meter": (
        ("", "active", "billing.meters.create"),
        ("active", "inactive", "billing.meters.deactivate"),
        ("inactive", "active", "billing.meters.reactivate"),
    ),
}


def states_of(resource: str) -> Machine:
    """Return the state machine of a resource.

    Parameters
    ----------
    resource
        In any form that the catalog knows: ``"payment_intent"``,
        ``"payment_intents"``, ``"checkout/sessions"``.

    Raises
    ------
    UnknownResourceError
        If Stripe has no such resource.
    WidgetError
        If it has one whose states are not told here.

    Examples
    --------
    >>> invoice = states_of("invoices")
    >>> invoice.states
    ('draft', 'open', 'paid', 'void', 'uncollectible')
    >>> invoice.calls("open")
    ('invoices.pay', 'invoices.void_invoice', 'invoices.mark_uncollectible')
    """
    name = load().resource(resource).name
    if name not in _WAYS:
        known = ", ".join(sorted(_WAYS))
        raise WidgetError(
            f"The states of {name} have no diagram; there are those of {known}."
        )
    ways = tuple(
        Transition(source, target, by)
        for sources, targets, by in _WAYS[name]
        for source in sources.split() or [""]
        for target in targets.split()
    )
    states = dict.fromkeys(state for way in ways for state in (way.source, way.target))
    return Machine(name, tuple(state for state in states if state), ways)
