"""Tells answers that were cut off on their way, so that the SDK repeats them.

By itself it repeats requests that had no answer at all. An answer whose head
was cut passes for a whole one with an empty body, and one whose body was cut
fails for good. With the idempotency key that each request carries, repeating
both is as safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import stripe
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

__all__ = ["check_whole", "repeating_cuts"]

_BODY_WAS_CUT = (ChunkedEncodingError, ContentDecodingError)
_SAYS_ITS_LENGTH = {"content-length", "transfer-encoding"}
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def check_whole(answer: tuple[Any, int, Mapping[str, str]]) -> None:
    """Raise if an answer's head was cut off.

    Parameters
    ----------
    answer
        Content, status and headers.

    Raises
    ------
    stripe.APIConnectionError
        One that the SDK tries again after.
    """
    content, status, headers = answer
    is_empty = content in (b"", "") and status not in _WITHOUT_BODY
    if is_empty and not _SAYS_ITS_LENGTH & {name.lower() for name in headers}:
        raise _cut("its head")


@contextmanager
def repeating_cuts() -> Iterator[None]:
    """Let the SDK try again after an answer whose body was cut off."""
    try:
        yield
    except stripe.APIConnectionError as error:
        if isinstance(error.__cause__, _BODY_WAS_CUT):
            error.should_retry = True
        raise
    except Exception as error:
        # The SDK reads an asynchronous body without a net.
        if type(error).__module__.partition(".")[0] != "aiohttp":
            raise
        raise _cut("its body") from error


def _cut(where: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(  # type: ignore[no-untyped-call, no-any-return, unused-ignore]
        f"Stripe's answer was cut off within {where}: the network failed, and the "
        "request may have been carried out. Try it again with the same idempotency "
        "key.",
        should_retry=True,
    )
