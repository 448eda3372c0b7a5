"""Cards that the account issues to its cardholders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.issuing.controls import controls
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources.issuing_authorization import authorize
from stripe_nb.sandbox.unlisted import Unlisted, unlisted
from stripe_nb.sandbox.wire import Json

__all__ = ["IssuedCard"]

_YEARS = 3
_BEYOND = (
    "financial_account",
    "lifecycle_controls",
    "personalization_design",
    "pin",
    "replacement_for",
    "replacement_reason",
    "second_line",
)
# action: the status that it leads to, and those that it leads from
_SHIPPING = {
    "submit_card": ("submitted", ("pending",)),
    "ship_card": ("shipped", ("pending", "submitted")),
    "deliver_card": ("delivered", ("shipped",)),
    "return_card": ("returned", ("shipped",)),
    "fail_card": ("failure", ("shipped",)),
}


class IssuedCard(Behaviour):
    """`Card <https://docs.stripe.com/api/issuing/cards>`_."""

    name = "issuing.card"
    said = "issuing card"
    missing_param = "card"
    # What the Stripe CLI's fixtures call to have a card used.
    unlisted: ClassVar[tuple[Unlisted, ...]] = (
        unlisted(
            "issuing.cards.test_authorization",
            "post",
            "/v1/issuing/cards/{card}/test/authorizations",
            "issuing.authorization",
            Field("held_amount", Type(Kind.INTEGER)),
            Field("held_currency", Type(Kind.STRING)),
            Field("authorization_method", Type(Kind.STRING)),
        ),
    )

    def on_create(self, call: Call) -> Json:
        """Issue a card."""
        params = call.params
        _check(params)
        if not params.get("cardholder"):
            raise ParameterMissing("cardholder")
        holder = call.given("issuing.cardholder", "cardholder")
        if params["type"] == "physical" and not params.get("shipping"):
            raise ParameterMissing(
                "shipping", "A physical card needs an address: give shipping."
            )
        now = datetime.fromtimestamp(call.now(), UTC)
        number = int(call.secret(8, of="issued_number"), 36) % 10_000
        given = params.pop("spending_controls", None)
        shipping = params.pop("shipping", None)
        card = self.draft(
            call,
            brand="Visa",
            exp_month=now.month,
            exp_year=now.year + _YEARS,
            last4=f"{number:04}",
            spending_controls=controls(given, params["currency"]),
            status="inactive",
            wallets={
                "apple_pay": {"eligible": True, "ineligible_reason": None},
                "google_pay": {"eligible": True, "ineligible_reason": None},
                "primary_account_identifier": None,
            },
        )
        for name in ("cvc", "number", "financial_account"):
            card.pop(name, None)
        card["cardholder"] = holder
        if shipping:
            self._ship_to(card, shipping)
        return call.insert(card, announce="issuing_card.created")

    def _ship_to(self, card: Json, shipping: Json) -> None:
        assign(card, self.resource.fields, {"shipping": shipping})
        defaults = {"service": "standard", "status": "pending", "type": "individual"}
        for name, value in defaults.items():
            card["shipping"][name] = card["shipping"].get(name) or value

    def on_update(self, call: Call) -> Json:
        """Change a card; a canceled one stays so."""
        card, params = self.target(call), call.params
        _check(params)
        check_metadata(params, card["metadata"])
        if card["status"] == "canceled" and params.get("status", "canceled") != (
            "canceled"
        ):
            raise InvalidRequest(
                "You cannot change the status of a canceled card.", param="status"
            )
        if "spending_controls" in params:
            given = params.pop("spending_controls")
            card["spending_controls"] = controls(given, card["currency"])
        if params.get("shipping"):
            self._ship_to(card, params.pop("shipping"))
        assign(card, self.resource.fields, params)
        return call.update(card, announce="issuing_card.updated")

    def on_issuing_cards_test_authorization(self, call: Call) -> Json:
        """Use a card, as the Stripe CLI asks for it."""
        params = call.params
        return authorize(
            call,
            call.path["card"],
            {
                "amount": params.get("held_amount", 0),
                "authorization_method": params.get("authorization_method"),
            },
            http_status=404,
        )

    def on_test_helpers_issuing_cards_submit_card(self, call: Call) -> Json:
        """Send a card to the printer."""
        return self._move(call)

    def on_test_helpers_issuing_cards_ship_card(self, call: Call) -> Json:
        """Send a card on its way."""
        return self._move(call)

    def on_test_helpers_issuing_cards_deliver_card(self, call: Call) -> Json:
        """Let a card arrive."""
        return self._move(call)

    def on_test_helpers_issuing_cards_return_card(self, call: Call) -> Json:
        """Let a card come back."""
        return self._move(call)

    def on_test_helpers_issuing_cards_fail_card(self, call: Call) -> Json:
        """Let a card be lost on its way."""
        return self._move(call)

    def _move(self, call: Call) -> Json:
        card = self.target(call)
        status, before = _SHIPPING[call.operation.action]
        shipping = card["shipping"]
        if not shipping or shipping["status"] not in before:
            found = shipping["status"] if shipping else "not shipped"
            raise InvalidRequest(
                f"This card can't be {status}: it is {found}, and must be one of "
                f"{', '.join(before)}."
            )
        shipping = {**shipping, "status": status}
        return call.update(
            {**card, "shipping": shipping}, announce="issuing_card.updated"
        )


def _check(params: Json) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of issued cards")
