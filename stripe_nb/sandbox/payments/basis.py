"""What a charge is made for, and what it brings with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.wire import Json

__all__ = ["COPIED", "Aftermath", "Basis"]

# Fields that a charge has of what it is made for.
COPIED = (
    "application_fee_amount",
    "customer",
    "description",
    "on_behalf_of",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)


@dataclass(frozen=True, slots=True)
class Basis:
    """The facts that a charge takes over from what it is made for.

    Attributes
    ----------
    amount, currency
        What is charged.
    capture
        Whether the money is taken at once.
    later_transaction
        Whether the balance transaction comes a moment after the charge, as for
        a payment intent whose capture is ``automatic_async``.
    card_options
        The intent's ``payment_method_options[card]``.
    fields
        Fields of the charge that are copied as they are.
    """

    amount: int
    currency: str
    capture: bool = True
    later_transaction: bool = False
    card_options: Json = field(default_factory=dict)
    fields: Json = field(default_factory=dict)

    @classmethod
    def of_intent(cls, intent: Json) -> Basis:
        """Read a payment intent."""
        options = (intent["payment_method_options"] or {}).get("card") or {}
        method = options.get("capture_method") or intent["capture_method"]
        fields: Json = {name: intent[name] for name in COPIED}
        if fields["transfer_data"]:
            fields["transfer_data"] = {"amount": None, **fields["transfer_data"]}
        return cls(
            amount=intent["amount"],
            currency=intent["currency"],
            capture=method != "manual",
            later_transaction=method == "automatic_async",
            card_options=options,
            fields={
                **fields,
                "metadata": dict(intent["metadata"]),
                "payment_intent": intent["id"],
            },
        )


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a charge brings with it once its money is taken.

    Attributes
    ----------
    fee
        What Stripe keeps; ``None`` for its price for cards.
    at_once
        Whether the money is available without waiting.
    dispute
        The dispute that follows.
    fraud_warning, review
        Whether an early fraud warning or a review follows.
    """

    fee: int | None = None
    at_once: bool = False
    dispute: cards.Dispute | None = None
    fraud_warning: bool = False
    review: bool = False

    @classmethod
    def of_card(cls, card: cards.Card) -> Aftermath:
        """Read what a test card brings with it."""
        return cls(
            at_once=card.bypass_pending,
            dispute=card.dispute,
            fraud_warning=card.early_fraud_warning,
            review=card.risk_level == "elevated",
        )
