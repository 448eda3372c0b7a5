"""What a traceback shows of a request: no key, also where it shows variables.

IPython's verbose mode and ``pytest --showlocals`` print the variables of each
frame, and in those that send a request the key is one of them: among the
SDK's headers, in copies of these, in the bytes on their way. API errors are
raised after all that has returned; whatever fails on the way is not.

What a call is given stands among the arguments of the frames that it passes,
the SDK's and the caller's own, and is not ours to change: a card number, or a
key in ``options={"api_key": ...}``. `connect` is for keys. Of an API error the
SDK's last frames hold the answer, an intent's client secret with it.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

import stripe

from stripe_nb.errors import StripeNbError
from stripe_nb.redaction import redact

__all__ = ["Clearing", "HiddenHeaders"]

# These say all that there is to say. Of others, which nobody foresaw, it has to
# be seen where they come from.
_FORESEEN = (stripe.StripeError, StripeNbError, KeyboardInterrupt)


class HiddenHeaders(dict[str, str]):
    """Headers of a request that show their names only.

    Examples
    --------
    >>> HiddenHeaders({"Authorization": "Bearer sk_test_0123456789abcdef"})
    <headers: Authorization>
    """

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


class Clearing:
    """Lets what ends a request pass, and its traceback begin anew from here.

    Parameters
    ----------
    headers
        The request's, whose secrets are masked then where they stand: the frames
        above, which the error is still to pass, hold the same object. So nothing
        may be tried again after it.

    Examples
    --------
    >>> headers = {"Authorization": "Bearer sk_test_0123456789abcdefa1b2"}
    >>> with Clearing(headers):
    ...     raise StripeNbError("No.")
    Traceback (most recent call last):
    ...
    stripe_nb.errors.StripeNbError: No.
    >>> headers["Authorization"]
    'Bearer sk_test_…a1b2'
    """

    def __init__(self, headers: object = None) -> None:
        self._headers = headers

    def __enter__(self) -> None:
        """Wait for an error."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            return
        if isinstance(self._headers, MutableMapping):
            self._headers.update(redact(dict(self._headers)))
        if isinstance(error, _FORESEEN):
            for each in _chain(error):
                each.__traceback__ = None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came of."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left += [one for one in (each.__cause__, each.__context__) if one]
        # urllib3 and the SDK keep what they failed by as a value, too.
        left += [one for one in each.args if isinstance(one, BaseException)]
        reason = getattr(each, "reason", None)
        left += [reason] if isinstance(reason, BaseException) else []
