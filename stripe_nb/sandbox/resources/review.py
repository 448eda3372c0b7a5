"""Reviews: payments that Radar leaves to a person's judgement."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["Review", "close", "open_review"]


class Review(Behaviour):
    """`Review <https://docs.stripe.com/api/radar/reviews>`_."""

    name = "review"
    missing_param = "review"

    def on_list(self, call: Call) -> Listing:
        """Answer a page of the reviews that are open."""
        return self.listing(call, [*self.conditions(call), equals("open", True)])

    def on_approve(self, call: Call) -> Json:
        """Say that a payment is good."""
        review = self.target(call)
        if not review["open"]:
            raise InvalidRequest(
                f"The review {review['id']} is already closed.", param="review"
            )
        return _closed(call, review, "approved")


def open_review(call: Call, charge: Json) -> Json:
    """Queue a charge of elevated risk for review; return the charge."""
    review = call.new(
        "review",
        billing_zip=(charge["billing_details"]["address"] or {}).get("postal_code"),
        charge=charge["id"],
        open=True,
        opened_reason="rule",
        reason="rule",
    )
    if charge["payment_intent"]:
        review["payment_intent"] = charge["payment_intent"]
    call.insert(review, announce="review.opened")
    return call.update(charge, review=review["id"])


def close(call: Call, charge: Json, reason: str) -> None:
    """Close a charge's review, because the charge was refunded or disputed."""
    review = call.find("review", charge["review"])
    if review and review["open"]:
        _closed(call, review, reason)


def _closed(call: Call, review: Json, reason: str) -> Json:
    return call.update(
        {**review, "closed_reason": reason, "open": False, "reason": reason},
        announce="review.closed",
    )
