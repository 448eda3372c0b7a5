"""What the SDK and its connections log by themselves, with secrets masked.

Set to ``DEBUG``, the SDK logs each body whole: card numbers, client secrets,
the signing secret of a new webhook endpoint. What ``stripe.log`` prints goes
past all loggers; it is the user's own wish.
"""

from __future__ import annotations

import logging

from stripe_nb.redaction import redact_text

__all__ = ["SdkLog"]

# urllib3 logs addresses, and in those of a browser's calls a client secret stands.
_LOGGERS = ("stripe", "urllib3.connectionpool")


class SdkLog:
    """Masks what these loggers write from `guard` to `restore`.

    Examples
    --------
    >>> log = SdkLog()
    >>> log.guard()
    >>> log.restore()
    """

    def __init__(self) -> None:
        self._masking = _Masking()

    def guard(self) -> None:
        """Begin; nothing happens if it has begun."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self._masking)

    def restore(self) -> None:
        """Leave the loggers as they were."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._masking)


class _Masking(logging.Filter):
    """Lets every record pass, with its text masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), ()
        return True
