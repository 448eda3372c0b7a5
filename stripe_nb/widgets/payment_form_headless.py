"""What a browser does when a customer pays, without a browser.

It knows the publishable key and the client secret and no more, as a page does:
the payment method is made, the intent confirmed with it, and a 3D Secure
question answered, each by a request of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe

from stripe_nb.errors import WidgetError
from stripe_nb.session import Client
from stripe_nb.transport import GuardedHTTPClient
from stripe_nb.widgets.payment_form_cards import TestCard
from stripe_nb.widgets.payment_form_intent import (
    IntentSecret,
    PaymentResult,
    failure_of,
)

__all__ = ["SANDBOX_KEY", "HeadlessCustomer"]

# The sandbox takes any publishable test key; it opens nothing elsewhere.
SANDBOX_KEY = "pk_test_stripenbsandbox0"
_SECONDS = 30.0
_EXPIRY_YEAR = 2034


@dataclass(frozen=True, slots=True)
class HeadlessCustomer:
    """Pays in a customer's place.

    Attributes
    ----------
    client
        Where the intent is.
    key
        The publishable key.
    """

    client: Client
    key: str

    def pay(
        self, secret: IntentSecret, card: TestCard, *, authenticate: bool
    ) -> PaymentResult:
        """Confirm an intent with a card, and answer what the bank asks.

        Raises
        ------
        WidgetError
            If the key is live, or a browser alone could do it.
        """
        if self.client.livemode:
            raise WidgetError(
                "A live payment can't be simulated: use a test key, or the sandbox."
            )
        browser = self._browser()
        try:
            intent = secret.confirm(browser, {"payment_method": self._method(card)})
            if intent.status == "requires_action":
                intent = self._answer(secret, intent, authenticate=authenticate)
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            intent = secret.retrieve(self.client)
            return PaymentResult(intent.id, intent.status, failure_of(error))
        return PaymentResult.of(intent)

    def _browser(self) -> stripe.StripeClient:
        target = self.client.target
        options: Any = {"base_addresses": target.addresses}
        return stripe.StripeClient(
            self.key,
            http_client=GuardedHTTPClient(target.policy),
            stripe_account=target.account,
            **options,
        )

    def _method(self, card: TestCard) -> str:
        if not self.client.is_sandbox:
            return _named(card)
        details: Any = {
            "type": "card",
            "card": {
                "number": card.number,
                "exp_month": 12,
                "exp_year": _EXPIRY_YEAR,
                "cvc": "1234" if card.number.startswith("3") else "123",
            },
        }
        return self._browser().v1.payment_methods.create(details).id

    def _answer(self, secret: IntentSecret, intent: Any, *, authenticate: bool) -> Any:
        action = intent.next_action
        page = action.to_dict().get("use_stripe_sdk", {}).get("stripe_js", "")
        home = self.client.sandbox_url
        if home is None or urlsplit(str(page)).netloc != urlsplit(home).netloc:
            raise WidgetError(
                f"{intent.id} now waits for its customer ({action.type}), and only a "
                "browser can answer that on Stripe: show the form and answer there, "
                "or simulate 3D Secure on the sandbox."
            )
        outcome = "succeeded" if authenticate else "failed"
        answer = requests.post(page, data={"outcome": outcome}, timeout=_SECONDS)
        answer.raise_for_status()
        return secret.retrieve(self.client)


def _named(card: TestCard) -> str:
    """Return the name that stands for a card where numbers aren't taken."""
    if not card.names:
        raise WidgetError(
            f"Stripe takes no card numbers from scripts, and the card {card.number} "
            "has no pm_card_... name: show the form and type it in, or use the "
            "sandbox."
        )
    return card.names[0]
