"""A form that pays an intent or saves a card: Stripe's own, or the sandbox's.

In the browser it is a Payment Element: Stripe.js from js.stripe.com, or the
same from the sandbox's ``/v3/``. What it tells Python is looked up in the API
before it counts, as a shop would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

import stripe
import traitlets

from stripe_nb import money
from stripe_nb.clock import monotonic
from stripe_nb.errors import WidgetError
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.payment_form_cards import offered, test_card
from stripe_nb.widgets.payment_form_headless import SANDBOX_KEY, HeadlessCustomer
from stripe_nb.widgets.payment_form_intent import (
    IntentSecret,
    PaymentResult,
    failure_of,
    told_of,
)

if TYPE_CHECKING:
    from stripe_nb.session import Client

__all__ = ["PaymentForm"]

# Stripe.js is released with the API, under the same name: the SDK's version and
# the script's must not differ.
_STRIPE_JS = f"https://js.stripe.com/{stripe.api_version.rpartition('.')[2]}/stripe.js"
_POLL_SECONDS = 0.5


class PaymentForm(StripeWidget, static="payment_form"):
    """A form that confirms a payment intent or a setup intent.

    Show it, and a customer can pay; ``await form`` gives the result of the
    next try. `simulate` pays without a browser.

    Parameters
    ----------
    intent
        A payment intent or a setup intent, its id, or its client secret.
    client
        Where the intent is; by default the client connected last.

    Attributes
    ----------
    status
        Of the intent, as the API told it last.
    error
        Why the last try failed, as in `PaymentResult`; None if it didn't.
    result
        The last try: ``intent``, ``status`` and ``error``; empty before one.

    Raises
    ------
    WidgetError
        If it is no intent, the secret is another's, there is no publishable key
        for it, or real money would move that the session may not move.
    stripe.StripeError
        If Stripe refuses to show it, for one because there is no such intent.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7, scenario=None) as client:
    ...     intent = client.v1.payment_intents.create(
    ...         {"amount": 2500, "currency": "usd"}
    ...     )
    ...     PaymentForm(intent).simulate("4242424242424242").status
    'succeeded'
    """

    status = traitlets.Unicode().tag(sync=True)
    error: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, intent: object, *, client: Client | None = None) -> None:
        super().__init__(client=client)
        # A later connect() must not move the form to another account.
        self._client = self.client
        self._key = _publishable_key(self._client)
        self._secret = IntentSecret.of(intent, self._client)
        self._is_open = False
        found = self._secret.retrieve(self._client)
        self._secret.check(found)
        self._last = _try_of(found)
        self.title = _title(found)
        self.status = found.status

    def simulate(self, card: str | int, *, authenticate: bool = True) -> PaymentResult:
        """Pay in the customer's place, without a browser.

        On the sandbox every test card works, and its 3D Secure question is
        answered. On Stripe, which takes no card numbers from scripts, cards
        that have a ``pm_card_...`` name work, and a 3D Secure question needs a
        browser.

        Parameters
        ----------
        card
            A test card's number, or its ``pm_card_...`` name.
        authenticate
            Whether the customer passes 3D Secure, where it is asked.

        Raises
        ------
        WidgetError
            If it is no test card, or Stripe needs a browser for it.
        """
        customer = HeadlessCustomer(self.client, self._key)
        result = customer.pay(self._secret, test_card(card), authenticate=authenticate)
        self._last = _try_of(self._secret.retrieve(self.client))
        return self._tell(result)

    async def wait(self, seconds: float = 600.0) -> PaymentResult:
        """Wait for the result of the next try; ``await form`` is the same.

        The API is asked, and not the page, so that it works in front ends that
        hold a page's messages back while a cell runs.

        Parameters
        ----------
        seconds
            How long to wait at the most.

        Raises
        ------
        WidgetError
            If nobody tries for so long.
        """
        end = monotonic() + seconds
        while True:
            found = await self._secret.retrieve_async(self.client)
            result, tried = PaymentResult.of(found), _try_of(found)
            if result.is_settled or (result.error and tried != self._last):
                self._last = tried
                return self._tell(result)
            if monotonic() >= end:
                raise WidgetError(
                    f"Nobody has paid within {seconds:g} seconds: {result.intent} is "
                    f"still {result.status}. Fill in the form, or use simulate()."
                )
            if not self._is_open:
                self.send({"offer": self._opening()})
            await asyncio.sleep(_POLL_SECONDS)

    def __await__(self) -> Generator[Any, None, PaymentResult]:
        return self.wait().__await__()

    def on_open(self) -> dict[str, Any]:
        """Hand the page what it needs to pay; none of it is kept in a trait."""
        self._is_open = True
        return self._opening()

    def on_report(self, error: dict[str, Any] | None = None) -> None:
        """Look up what became of a try that the page tells of.

        Parameters
        ----------
        error
            What Stripe.js refused, as it said it.
        """
        result = PaymentResult.of(self._secret.retrieve(self.client))
        said = told_of(error or {})
        if said and not result.is_settled:
            result = PaymentResult(result.intent, result.status, said)
        self._tell(result)
        if said and result.status == "canceled":
            # Its fields are gone, and so is the place where errors stand.
            self.say(said.get("message", "It was canceled meanwhile."), is_error=True)

    def _opening(self) -> dict[str, Any]:
        home = self.client.sandbox_url
        return {
            "script": f"{home}/v3/" if home else _STRIPE_JS,
            "key": self._key,
            "account": self.client.account,
            "secret": self._secret.secret,
            "cards": [] if self.client.livemode else _shortcuts(),
        }

    def _tell(self, result: PaymentResult) -> PaymentResult:
        with self.hold_sync():
            self.status, self.error = result.status, result.error
            self.result = asdict(result)
        return result

    def describe(self) -> str:
        """Say what is paid, and how far it has come."""
        return f"{self._secret.id}, {self.title.lower()}, {self.status}"

    def fallback_html(self) -> str:
        """Return what is paid and how far it has come."""
        words = self.status.replace("_", " ")
        why = f" ({self.error['message']})" if self.error else ""
        return f"<p><b>{escape(self.title)}</b>: {escape(words + why)}</p>"


def _publishable_key(client: Client) -> str:
    if client.is_sandbox:
        return SANDBOX_KEY
    if client.livemode and not client.target.policy.allow_live_writes:
        raise WidgetError(
            "This form would move real money, and the session may only read: use a "
            "test key, or connect(allow_live=True, allow_live_writes=True)."
        )
    if not client.publishable_key:
        raise WidgetError(
            "Stripe.js needs the publishable key (pk_...) of the account: write "
            "STRIPE_PUBLISHABLE_KEY into .env beside the secret key, and connect again."
        )
    return client.publishable_key


def _title(intent: Any) -> str:
    if intent.object == "setup_intent":
        return "Save a payment method"
    return f"Pay {money.format_amount(intent.amount, intent.currency)}"


def _try_of(intent: Any) -> tuple[Any, ...]:
    """Return what differs between two tries at an intent, also if both fail alike."""
    is_setup = intent.object == "setup_intent"
    error = intent.last_setup_error if is_setup else intent.last_payment_error
    method = getattr(error, "payment_method", None)
    tried = intent.latest_attempt if is_setup else intent.latest_charge
    return intent.status, str(tried), getattr(method, "id", None), failure_of(intent)


def _shortcuts() -> list[tuple[str, str]]:
    return [(card.number, card.label) for card in offered()]
