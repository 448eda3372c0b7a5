"""One page asked for until it comes: at the budget's pace, and again on failure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import stripe

from stripe_nb.frames.decoding import Decode, as_dictionaries
from stripe_nb.frames.limiter import Budget
from stripe_nb.frames.paging import Step
from stripe_nb.frames.sender import Sender
from stripe_nb.headers import header
from stripe_nb.ids import random_seed

__all__ = ["Asker", "Tally"]

_TRIES = 9
_LONGEST_PAUSE = 20.0
_LONGEST_WISH = 120.0
_CONFLICT, _TOO_MANY, _SERVER_ERROR = 409, 429, 500


@dataclass(slots=True)
class Tally:
    """What a pull has cost so far."""

    requests: int = 0
    retries: int = 0
    refusals: int = 0


class Asker:
    """Asks one endpoint for pages.

    Parameters
    ----------
    endpoint
        Its name, which has a rate of its own.
    tally
        Where requests are counted.
    pause
        Seconds before a second try; twice as long before each further one.
    decode
        What answers are decoded by.
    """

    def __init__(
        self,
        sender: Sender,
        budget: Budget,
        endpoint: str,
        tally: Tally,
        *,
        pause: float,
        decode: Decode = as_dictionaries,
    ) -> None:
        self.tally = tally
        self._sender = sender
        self._budget = budget
        self._endpoint = endpoint
        self._pause = pause
        self._decode = decode

    @property
    def rate(self) -> float:
        """Requests a second that the endpoint gets now."""
        return self._budget.rate(self._endpoint)

    async def ask(
        self, path: str, fixed: Mapping[str, Any], step: Step
    ) -> tuple[Any, float]:
        """Return a decoded answer, and how many seconds it took to come.

        Raises
        ------
        stripe.StripeError
            If Stripe refuses, or the last of several tries has failed.
        """
        with self._sender.one_call():
            return await self._ask(path, fixed, step)

    async def _ask(
        self, path: str, fixed: Mapping[str, Any], step: Step
    ) -> tuple[Any, float]:
        loop = asyncio.get_running_loop()
        for number in range(_TRIES):
            if wait := self._budget.book(self._endpoint):
                await asyncio.sleep(wait)
            began = loop.time()
            self.tally.requests += 1
            try:
                answer = self._decoded(await self._sender.get(path, fixed, step))
            except stripe.StripeError as error:
                if number == _TRIES - 1 or not _may_pass(error):
                    raise
                self.tally.retries += 1
                await asyncio.sleep(self._wait_after(error, number))
            else:
                self._budget.accepted(self._endpoint)
                return answer, loop.time() - began
        raise AssertionError("unreachable: the last try returns or raises")

    def _decoded(self, body: bytes) -> Any:
        try:
            return self._decode(body)
        except orjson.JSONDecodeError as error:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "Stripe's answer was cut short.", should_retry=True
            ) from error

    def _wait_after(self, error: stripe.StripeError, number: int) -> float:
        """Slow down if that was the reason, and return when to try again."""
        # Full jitter: those that failed together don't come back together.
        longest: float = min(_LONGEST_PAUSE, self._pause * 2**number)
        wait = longest * (random_seed() / 2.0**63)
        wished = _seconds(header(error.headers, "Retry-After"))
        if error.http_status == _TOO_MANY:
            self.tally.refusals += 1
            reason = header(error.headers, "Stripe-Rate-Limited-Reason")
            self._budget.refused(self._endpoint, reason, pause=wished)
        return max(wait, wished)


def _may_pass(error: stripe.StripeError) -> bool:
    if isinstance(error, stripe.APIConnectionError):
        return error.should_retry
    status = error.http_status or 0
    advice = header(error.headers, "Stripe-Should-Retry")
    if advice == "true":
        return True
    if advice == "false":
        return _is_too_fast(error)
    # The SDK takes a 429 as final; here its cause is dealt with.
    return status in (_CONFLICT, _TOO_MANY) or status >= _SERVER_ERROR


def _is_too_fast(error: stripe.StripeError) -> bool:
    """Tell whether going slower is all that a refusal calls for.

    Stripe's advice is meant for those who would come back at the same pace.
    """
    if error.http_status != _TOO_MANY:
        return False
    reason = header(error.headers, "Stripe-Rate-Limited-Reason")
    is_named = reason.endswith(("-rate", "-concurrency")) or error.code == "rate_limit"
    return is_named or bool(header(error.headers, "Retry-After"))


def _seconds(text: str) -> float:
    try:
        return min(_LONGEST_WISH, max(0.0, float(text)))
    except ValueError:
        # Also HTTP's form with a date, which Stripe doesn't send.
        return 0.0
