"""The failures to choose from: what brings each about, and what handles it.

Each is a piece of code that is shown and run as it stands, so that the lesson
can't say one thing and do another. Decline codes come from Stripe's test cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import indent

import stripe

from stripe_nb.errors import WidgetError
from stripe_nb.widgets.payment_form_cards import offered

__all__ = ["Failure", "failure", "failures"]

CARDS, LIMITS, NETWORK, KEYS, REQUESTS = (
    "Cards",
    "Limits",
    "Network",
    "Keys",
    "Requests",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail.

    Attributes
    ----------
    name
        As `ErrorLab.run` takes it.
    title
        In a few words.
    group
        Under which it is offered.
    request
        The code that fails; it uses ``client`` and ``stripe``.
    handling
        What follows ``try:``, so that it is handled.
    fault
        What the sandbox must do for it, as its ``--faults`` files say it.
    """

    name: str
    title: str
    group: str
    request: str
    handling: str
    fault: Mapping[str, str | float] | None = None

    @property
    def code(self) -> str:
        """The request and its handling, ready to copy.

        Examples
        --------
        >>> print(failure("resource_missing").code)
        try:
            client.v1.customers.retrieve("cus_missing")
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            customer = None  # nobody there: your record is older than Stripe's
        """
        return f"try:\n{indent(self.request, '    ')}\n{self.handling.rstrip()}"

    def cause(self, client: stripe.StripeClient) -> None:
        """Run the request, and so raise what Stripe answers."""
        exec(self.request, {"client": client, "stripe": stripe})  # noqa: S102 - our own text, below


_PAYMENT = """client.v1.payment_intents.create({{
    "amount": 2500,
    "currency": "usd",
    "payment_method": "{method}",
    "allowed_payment_method_types": ["card"],
    "confirm": True,
}})"""
_DECLINED = """except stripe.CardError as error:
    shown = error.user_message  # Stripe's words for the customer
    logged = error.code, error.error.decline_code  # for you alone"""

_OFF_SESSION = """customer = client.v1.customers.create({})
card = client.v1.payment_methods.attach(
    "pm_card_authenticationRequired", {"customer": customer.id}
)
client.v1.payment_intents.create({
    "amount": 2500,
    "currency": "usd",
    "customer": customer.id,
    "payment_method": card.id,
    "allowed_payment_method_types": ["card"],
    "off_session": True,
    "confirm": True,
})"""
_BRING_BACK = """except stripe.CardError as error:
    if error.code != "authentication_required":
        raise
    # Mail the customer a link to a page that confirms this intent.
    intent_id = error.error.payment_intent.id"""

_KEPT_KEY = """customer = client.v1.customers.create(
    {"name": "Ada"}, {"idempotency_key": "sign-up-1001"}
)"""
_SAME_KEY = """except stripe.APIConnectionError:
    # It may have happened or not: with the same key, trying again can't do it twice.
    customer = client.v1.customers.create(
        {"name": "Ada"}, {"idempotency_key": "sign-up-1001"}
    )"""
_READ_AGAIN = """except stripe.APIConnectionError:
    # Reading changes nothing, so reading again is safe.
    customers = client.v1.customers.list({"limit": 3})"""

# name, title, group, request, handling, fault
_OTHERS = (
    Failure(
        "authentication_required",
        "Authentication required, and nobody there",
        CARDS,
        _OFF_SESSION,
        _BRING_BACK,
    ),
    Failure(
        "rate_limit",
        "Too many requests",
        LIMITS,
        "balance = client.v1.balance.retrieve()",
        """except stripe.RateLimitError:
    # Wait longer each time; connect(max_network_retries=4) does so for you.
    import time

    time.sleep(0.5)
    balance = client.v1.balance.retrieve()""",
        {"kind": "rate_limit", "on": "GET /v1/balance", "times": 1},
    ),
    Failure(
        "network_drop",
        "The connection breaks before the answer",
        NETWORK,
        _KEPT_KEY,
        _SAME_KEY,
        {"kind": "drop_after", "on": "POST /v1/customers", "times": 1},
    ),
    Failure(
        "timeout",
        "No answer in time",
        NETWORK,
        'customers = client.v1.customers.list({"limit": 3})',
        _READ_AGAIN,
        {"kind": "timeout", "on": "GET /v1/customers", "times": 1, "seconds": 10.0},
    ),
    Failure(
        "server_error",
        "Stripe itself fails",
        NETWORK,
        _KEPT_KEY,
        _SAME_KEY.replace("APIConnectionError", "APIError"),
        {"kind": "error", "on": "POST /v1/customers", "times": 1},
    ),
    Failure(
        "bad_key",
        "A key that is none",
        KEYS,
        'client.v1.balance.retrieve({}, {"api_key": "sk_test_wrong"})',
        """except stripe.AuthenticationError:
    # No customer can mend this: tell whoever runs the shop.
    shown = "We can't take payments right now."
""",
    ),
    Failure(
        "idempotency_mismatch",
        "One idempotency key for two requests",
        REQUESTS,
        """key = {"idempotency_key": "order-1001"}
client.v1.customers.create({"name": "Ada"}, key)
client.v1.customers.create({"name": "Grace"}, key)""",
        """except stripe.IdempotencyError:
    # A mistake in the code: one key belongs to one request, its content included.
    shown = "Something went wrong. You have not been charged."
""",
    ),
    Failure(
        "invalid_request",
        "A parameter is missing",
        REQUESTS,
        'client.v1.payment_intents.create({"amount": 2500})',
        """except stripe.InvalidRequestError as error:
    # A mistake in the code: the log needs the parameter, the customer does not.
    logged = error.param, error.user_message""",
    ),
    Failure(
        "resource_missing",
        "There is no such object",
        REQUESTS,
        'client.v1.customers.retrieve("cus_missing")',
        """except stripe.InvalidRequestError as error:
    if error.code != "resource_missing":
        raise
    customer = None  # nobody there: your record is older than Stripe's""",
    ),
)


@cache
def failures() -> Mapping[str, Failure]:
    """Return all failures by name, those of cards first.

    Examples
    --------
    >>> list(failures())[:3]
    ['card_declined', 'insufficient_funds', 'lost_card']
    """
    return {each.name: each for each in (*_declines(), *_OTHERS)}


def _declines() -> list[Failure]:
    made = []
    for card in offered():
        verdict, _, reason = card.label.partition(": ")
        if verdict == "Is declined" and card.names:
            # Stripe's word for a decline without a reason is the error's code.
            name = reason.replace("generic decline", "card declined")
            request = _PAYMENT.format(method=card.names[0])
            title = name.capitalize()
            made.append(
                Failure(name.replace(" ", "_"), title, CARDS, request, _DECLINED)
            )
    return made


def failure(name: str) -> Failure:
    """Return the failure of a name.

    Raises
    ------
    WidgetError
        If there is none.

    Examples
    --------
    >>> failure("rate_limit").group
    'Limits'
    """
    found = failures().get(name)
    if found is None:
        raise WidgetError(
            f"ErrorLab has no failure {name!r}: choose from {', '.join(failures())}."
        )
    return found
