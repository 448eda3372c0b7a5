"""What a payment form is about: one intent and its secret, and how it went.

The client secret lets whoever has it pay, so it is in no repr, and leaves
Python only towards the browser that shows the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe

from stripe_nb.errors import WidgetError

__all__ = ["IntentSecret", "PaymentResult", "failure_of", "told_of"]

_SECRET = re.compile(r"((?:pi|seti)_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+")
_ID = re.compile(r"(?:pi|seti)_[A-Za-z0-9]+")
# What of an error a page shows or acts on; the rest repeats the intent.
_TOLD = ("type", "code", "decline_code", "param", "message")
_WAITING = frozenset({"requires_payment_method", "requires_confirmation"})


@dataclass(frozen=True, slots=True, repr=False)
class IntentSecret:
    """An intent's id, and the secret that opens it to a browser.

    Attributes
    ----------
    secret
        The client secret.
    """

    secret: str

    @property
    def id(self) -> str:
        """The intent's id.

        Examples
        --------
        >>> IntentSecret("seti_1_secret_2").id
        'seti_1'
        """
        return self.secret.partition("_secret_")[0]

    @property
    def is_setup(self) -> bool:
        """Whether it saves a payment method, and takes no payment."""
        return self.id.startswith("seti_")

    def check(self, intent: Any) -> None:
        """Refuse a secret that is not the intent's.

        Parameters
        ----------
        intent
            As the API tells it, to which the secret should belong.

        Raises
        ------
        WidgetError
            If it doesn't: a browser would be shown nothing.

        Examples
        --------
        >>> intent = stripe.PaymentIntent.construct_from(
        ...     {"id": "pi_1", "client_secret": "pi_1_secret_3"}, None
        ... )
        >>> IntentSecret("pi_1_secret_2").check(intent)
        Traceback (most recent call last):
        ...
        stripe_nb.errors.WidgetError: This client secret is not that of pi_1: ...
        """
        if intent.client_secret != self.secret:
            raise WidgetError(
                f"This client secret is not that of {self.id}: take it from the "
                "intent, or give the intent's id."
            )

    def retrieve(self, client: stripe.StripeClient) -> Any:
        """Return the intent as it is now."""
        return self._service(client).retrieve(self.id)

    async def retrieve_async(self, client: stripe.StripeClient) -> Any:
        """See `retrieve`."""
        return await self._service(client).retrieve_async(self.id)

    def confirm(self, browser: stripe.StripeClient, params: dict[str, Any]) -> Any:
        """Confirm as a browser does, with a publishable key and the secret."""
        opened = {**params, "client_secret": self.secret}
        return self._service(browser).confirm(self.id, opened)

    def _service(self, client: stripe.StripeClient) -> Any:
        return client.v1.setup_intents if self.is_setup else client.v1.payment_intents

    def __repr__(self) -> str:
        return f"<IntentSecret of {self.id}>"

    @classmethod
    def of(cls, given: object, client: stripe.StripeClient) -> IntentSecret:
        """Return the secret of an intent, of its id, or the secret given.

        Parameters
        ----------
        given
            A payment intent or a setup intent, its id, or its client secret.
        client
            Asked for the secret where it isn't given.

        Raises
        ------
        WidgetError
            If it is none of these.

        Examples
        --------
        >>> IntentSecret.of("pi_1_secret_2", None)
        <IntentSecret of pi_1>
        """
        if isinstance(given, str) and _SECRET.fullmatch(given):
            return cls(given)
        if isinstance(given, str) and _ID.fullmatch(given):
            given = cls(f"{given}_secret_").retrieve(client)
        secret = getattr(given, "client_secret", None)
        if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
            # Not what it is: it may hold a secret.
            raise WidgetError(
                "PaymentForm takes a payment intent or a setup intent, its id "
                "(pi_... or seti_...) or its client secret; this is none of them."
            )
        return cls(secret)


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """How a try at a payment or a setup went.

    Attributes
    ----------
    intent
        Id of the intent.
    status
        Of the intent, as the API tells it.
    error
        Why it failed, with Stripe's ``type``, ``code``, ``decline_code``,
        ``param`` and ``message``; None if it didn't.

    Examples
    --------
    >>> PaymentResult("pi_1", "succeeded").is_settled
    True
    """

    intent: str
    status: str
    error: dict[str, str] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the customer has nothing more to do."""
        return self.error is None and self.status not in {*_WAITING, "requires_action"}

    @classmethod
    def of(cls, intent: Any) -> PaymentResult:
        """Read it from an intent."""
        return cls(intent.id, intent.status, failure_of(intent))


def failure_of(obj: Any) -> dict[str, str] | None:
    """Return an intent's last error, or an exception's, without what is secret.

    Parameters
    ----------
    obj
        An intent, or an exception of the SDK's.
    """
    if isinstance(obj, stripe.StripeError):
        found: Any = obj.error or obj
    else:
        name = "last_setup_error" if obj.object == "setup_intent" else None
        found = getattr(obj, name or "last_payment_error", None)
        if obj.status not in _WAITING:
            return None
    return told_of({name: getattr(found, name, None) for name in _TOLD})


def told_of(error: Mapping[str, Any]) -> dict[str, str] | None:
    """Return what of an error may be shown.

    Examples
    --------
    >>> told_of({"code": "card_declined", "payment_intent": {"client_secret": "x"}})
    {'code': 'card_declined'}
    """
    found = {name: error.get(name) for name in _TOLD}
    return {name: str(text) for name, text in found.items() if text} or None
