"""What the SDK and its connections log by themselves, with secrets masked.

Set to ``DEBUG``, the SDK logs each body whole: card numbers, client secrets,
the signing secret of a new webhook endpoint. With ``stripe.log`` or the variable
``STRIPE_LOG`` it prints the same past all loggers, and in a notebook what is
printed is saved.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import stripe

from stripe_nb.redaction import redact_text

__all__ = ["SdkLog"]

# urllib3 logs addresses, and in those of a browser's calls a client secret stands.
_LOGGERS = ("stripe", "urllib3.connectionpool")
# The SDK's function that makes the lines which it logs and prints.
_HOME = sys.modules[stripe.convert_to_stripe_object.__module__]
_NAME = "logfmt"
_Line = Callable[[Any], str]


class SdkLog:
    """Masks what is logged and printed from `guard` to `restore`.

    Examples
    --------
    >>> log = SdkLog()
    >>> log.guard()
    >>> log.restore()
    """

    def __init__(self) -> None:
        self._masking = _Masking()
        self._before: _Line | None = None

    def guard(self) -> None:
        """Begin; nothing happens if it has begun."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self._masking)
        if self._before is None and (line := getattr(_HOME, _NAME, None)):
            self._before = line
            setattr(_HOME, _NAME, _masked(line))

    def restore(self) -> None:
        """Leave the loggers as they were, and the SDK's lines too."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._masking)
        if self._before is not None:
            setattr(_HOME, _NAME, self._before)
            self._before = None


def _masked(line: _Line) -> _Line:
    def masked(parts: Any) -> str:
        text = line(parts)
        # The SDK makes each answer a line, whether anybody is to see it or not; of
        # what loggers get the filter takes care.
        return redact_text(text) if _is_printed() else text

    return masked


def _is_printed() -> bool:
    return bool(stripe.log or getattr(_HOME, "STRIPE_LOG", True))


class _Masking(logging.Filter):
    """Lets every record pass, with its text masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), ()
        return True
