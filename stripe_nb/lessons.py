"""What lessons need beside Stripe's API: checks of answers, and a customer's part.

`check` tells a learner how far an exercise is solved. `approve` and
`complete_checkout` do what a customer does in a browser, and `wait_until` lets
time pass, so that a notebook runs from top to bottom: at once on a sandbox, and
on Stripe's test mode as far as Stripe lets a program do it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from time import sleep
from typing import Any, TypeVar

import pandas as pd
import requests
import stripe

from stripe_nb.clock import monotonic
from stripe_nb.errors import NotebookError
from stripe_nb.session import Client

__all__ = ["Checked", "approve", "check", "complete_checkout", "story", "wait_until"]

_SECONDS = 30.0
# How far back a story is looked for, and how long Stripe may take to list it.
_EVENTS = 500
_LATE = 3.0
_CARD: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034}

Found = TypeVar("Found")
Read = Callable[[Any], object]


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """How far an exercise is solved.

    Attributes
    ----------
    findings
        Each claim, and why it doesn't hold: empty if it does. Empty before
        the first try.
    """

    findings: Mapping[str, str]

    @property
    def is_solved(self) -> bool:
        """Whether all claims hold."""
        return bool(self.findings) and not any(self.findings.values())

    def __repr__(self) -> str:
        if not self.findings:
            return "Not tried yet: put your answer in the place of None."
        lines = [
            f"no   {claim} ({why})" if why else f"yes  {claim}"
            for claim, why in self.findings.items()
        ]
        wrong = sum(map(bool, self.findings.values()))
        last = "Solved." if self.is_solved else f"{wrong} to go: change it, and rerun."
        return "\n".join([*lines, last])


def check(answer: Any, claims: Mapping[str, Read | tuple[Read, object]]) -> Checked:
    """Hold an answer to an exercise against what should be true of it.

    Parameters
    ----------
    answer
        The learner's answer; None means that there is none yet.
    claims
        In words, what should hold, and a function that tells it of the answer; or
        a function that reads something in it, with what that should be.

    Returns
    -------
    Checked
        Which claims hold, to be the last line of a cell.

    Examples
    --------
    >>> check(4, {"it is even": lambda it: it % 2 == 0, "it is ten": (int, 10)})
    yes  it is even
    no   it is ten (it is 4, not 10)
    1 to go: change it, and rerun.
    >>> check(None, {"it is even": lambda it: it % 2 == 0})
    Not tried yet: put your answer in the place of None.
    """
    if answer is None:
        return Checked({})
    return Checked(
        {claim: _objection(holds, answer) for claim, holds in claims.items()}
    )


def _objection(claim: Read | tuple[Read, object], answer: Any) -> str:
    read, *wanted = claim if isinstance(claim, tuple) else (claim,)
    try:
        found = read(answer)
    except Exception as error:  # noqa: BLE001  # whatever an answer breaks, it is told
        return _broken(error, answer)
    if wanted:
        return "" if found == wanted[0] else f"it is {found!r}, not {wanted[0]!r}"
    return "" if found else "it isn't so"


def _broken(error: Exception, answer: Any) -> str:
    kind = type(answer).__name__
    if isinstance(error, stripe.StripeError):
        return f"Stripe says: {error.user_message or error}"
    if isinstance(error, AttributeError) and not hasattr(answer, error.name or ""):
        return f"your answer is of the type {kind}, which has no {error.name!r}"
    if isinstance(error, TypeError) and "not callable" in str(error):
        return f"your answer is of the type {kind}, and no function"
    return f"{type(error).__name__}: {error}"


def approve(client: Client, intent: Any, *, succeed: bool = True) -> Any:
    """Answer a bank's question (3D Secure) in the cardholder's place.

    On a sandbox this is done at once. Stripe asks on a page that only a browser
    can answer: its address is printed, and the call waits for you.

    Parameters
    ----------
    client
        Where the intent is.
    intent
        A payment intent or a setup intent in ``requires_action`` that was
        confirmed with a ``return_url``.
    succeed
        Whether the cardholder approves; says nothing with Stripe, where you
        choose on the page.

    Returns
    -------
    stripe.PaymentIntent or stripe.SetupIntent
        The intent as it is afterwards.

    Raises
    ------
    NotebookError
        If the intent waits for no page, or nobody answers for five minutes.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> card = {"payment_method": "pm_card_threeDSecure2Required", "confirm": True}
    >>> home = {"return_url": "https://example.com/done"}
    >>> with connect() as client:
    ...     intent = client.v1.payment_intents.create(
    ...         {"amount": 2500, "currency": "usd", **card, **home}
    ...     )
    ...     approve(client, intent).status
    'succeeded'
    """
    action = intent.next_action
    if action is None or action.type != "redirect_to_url":
        raise NotebookError(
            f"{intent.id} has no page to answer on: confirm it with a return_url, and "
            "approve it while its status is requires_action."
        )
    page = action.redirect_to_url.url
    if client.is_sandbox:
        outcome = "succeeded" if succeed else "failed"
        # The way back leads to the shop's own page, which a lesson doesn't have.
        answer = requests.post(
            page, {"outcome": outcome}, timeout=_SECONDS, allow_redirects=False
        )
        answer.raise_for_status()
        return _again(client, intent)
    print(f"Answer in a browser: {page}")  # noqa: T201  # said to the reader
    return wait_until(
        client, lambda: _again(client, intent), lambda it: it.status != intent.status
    )


def complete_checkout(
    client: Client, session: Any, card: str = "tok_visa", *, email: str
) -> Any:
    """Pay a Checkout session with a test card in the customer's place.

    It sends what the Stripe CLI's own triggers send, in test mode alone.

    Parameters
    ----------
    client
        Where the session is.
    session
        An open Checkout session.
    card
        One of Stripe's test tokens, such as ``"tok_visa"``.
    email
        What the customer types in.

    Returns
    -------
    stripe.checkout.Session
        The session as it is afterwards.

    Raises
    ------
    NotebookError
        If the client is live.
    stripe.StripeError
        If the session isn't open, or the card is declined.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect() as client:
    ...     session = client.v1.checkout.sessions.create(
    ...         {
    ...             "mode": "setup",
    ...             "currency": "usd",
    ...             "success_url": "https://example.com",
    ...         }
    ...     )
    ...     complete_checkout(client, session, email="jenny@example.com").status
    'complete'
    """
    if client.livemode:
        raise NotebookError("A live session is its customer's to pay.")
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": card},
            "billing_details": {"email": email, "name": "Jenny Rosen"},
        }
    )
    client.raw_request(
        "post",
        f"/v1/payment_pages/{session.id}/confirm",
        payment_method=method.id,
        expected_amount=session.amount_total or 0,
    )
    return client.v1.checkout.sessions.retrieve(session.id)


def story(client: Client, *ids: str) -> pd.DataFrame:
    """Tell which events there were about some objects, oldest first.

    Among the newest 500 events of the account. Stripe lists an event a moment
    after it happened, so it is asked a few seconds later.

    Parameters
    ----------
    client
        Where the objects are.
    ids
        Ids of objects; what names one of them, as a refund names its payment,
        belongs to the story too.

    Returns
    -------
    DataFrame
        The type of each event, and the id of the object that it is about.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7) as client:
    ...     customer = client.v1.customers.create({"name": "Ada"})
    ...     card = {"customer": customer.id}
    ...     method = client.v1.payment_methods.attach("pm_card_visa", card)
    ...     print(story(client, customer.id)["event"].tolist())
    ['customer.created', 'payment_method.attached']
    """
    if not client.is_sandbox:
        sleep(_LATE)
    named = set(ids)
    newest = client.v1.events.list({"limit": 100}).auto_paging_iter()
    told = [
        (event.type, about.get("id", ""))
        for event in islice(newest, _EVENTS)
        if not named.isdisjoint(_texts(about := event.data.object.to_dict()))
    ]
    return pd.DataFrame(told[::-1], columns=["event", "object"], dtype="string")


def _texts(about: Mapping[str, Any]) -> list[str]:
    return [value for value in about.values() if isinstance(value, str)]


def wait_until(
    client: Client, read: Callable[[], Found], holds: Callable[[Found], object]
) -> Found:
    """Read again and again until something has happened.

    Stripe needs seconds for some things, and so does this then. A sandbox's time
    stands still between writes, so it is moved on with writes that leave no trace.

    Parameters
    ----------
    client
        Where to look.
    read
        Reads what is waited for.
    holds
        Tells of what was read whether it has happened.

    Returns
    -------
    Found
        What was read last.

    Raises
    ------
    NotebookError
        If it doesn't happen within five minutes.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect() as client:
    ...     wait_until(client, lambda: client.v1.balance.retrieve().object, bool)
    'balance'
    """
    deadline = monotonic() + 10 * _SECONDS
    while not holds(found := read()):
        if monotonic() > deadline:
            raise NotebookError("Nothing happened for five minutes: run it again.")
        if client.is_sandbox:
            client.v1.tokens.create({"card": _CARD})
        else:
            sleep(1)
    return found


def _again(client: Client, intent: Any) -> Any:
    service: Any = (
        client.v1.setup_intents
        if intent.object == "setup_intent"
        else client.v1.payment_intents
    )
    return service.retrieve(intent.id)
