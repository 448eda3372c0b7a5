"""What an error means for the people who have to do something about it.

Judges by what Stripe said most exactly: the decline code, else the code, else
the class of the exception; whether to try again, by the issuer's advice and by
Stripe's own header too. Of an exception that was raised from one of Stripe's, or
that groups several, Stripe's is explained. The sentences are in
``data/errors.json`` and ``data/declines.json``; nothing here knows a single code.
`errors.explain` is the name to call.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from functools import cache
from html import escape
from http import HTTPStatus
from typing import Any, Literal

import stripe

from stripe_nb.errors import StripeNbError
from stripe_nb.headers import header
from stripe_nb.paths import data_path
from stripe_nb.redaction import redact_text

__all__ = ["Explanation", "explain"]

Actor = Literal["customer", "developer", "Stripe"]

# By their names, as none of these packages need be there.
_NETWORK = frozenset(
    {
        "aiohttp.client_exceptions.ClientConnectionError",
        "aiohttp.client_exceptions.ClientPayloadError",
        "builtins.ConnectionError",
        "builtins.TimeoutError",
        "http.client.HTTPException",
        "httpcore.NetworkError",
        "httpcore.TimeoutException",
        "httpx.TransportError",
        "requests.exceptions.ChunkedEncodingError",
        "requests.exceptions.ConnectionError",
        "requests.exceptions.Timeout",
        "socket.gaierror",
        "ssl.SSLError",
        "urllib3.exceptions.PoolError",
        "urllib3.exceptions.ProtocolError",
        "urllib3.exceptions.TimeoutError",
    }
)
# A cell that is stopped, and asynchronous work that is given up or timed out.
_INTERRUPTIONS = frozenset(
    {"asyncio.exceptions.CancelledError", "builtins.KeyboardInterrupt"}
)
_REFUSALS = {*range(400, 500)} - {HTTPStatus.CONFLICT, HTTPStatus.REQUEST_TIMEOUT}
_SHOULD_RETRY = "Stripe-Should-Retry"
_SAME_KEY = "same_key"
_DOCS = "https://docs.stripe.com"
_DOC_URL = re.compile(r"https://(?:docs\.)?stripe\.com/[\w/#.-]*")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TITLES = {"api": "API", "id": "ID", "tls": "TLS", "url": "URL", "o auth": "OAuth"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in words: what happened, who acts, and what to tell the customer.

    Attributes
    ----------
    title
        A few words.
    what_happened
        A sentence for the developer.
    what_to_do
        The next step of whoever must act.
    who_must_act
        ``"customer"``, ``"developer"`` or ``"Stripe"``.
    show_customer
        A sentence that a customer may read: it gives nothing away.
    retry_is_safe
        Whether sending it again may help and can do no harm.
    retry_how
        How to try again, or what has to happen before.
    doc_url
        Stripe's page on it.
    message
        What Stripe said.
    code, decline_code, param, request_id
        From the error, where it has them.
    """

    title: str
    what_happened: str
    what_to_do: str
    who_must_act: Actor
    show_customer: str
    retry_is_safe: bool
    retry_how: str
    doc_url: str
    message: str | None = None
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        lines = (f"{name}: {text}" for name, text in self._rows())
        return "\n".join((self.title, *lines))

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{escape(name)}</th>'
            f'<td style="text-align:left">{_html(text)}</td></tr>'
            for name, text in self._rows()
        )
        title = f"<caption><strong>{escape(self.title)}</strong></caption>"
        return f'<table class="stripe-nb-explanation">{title}{rows}</table>'

    def _rows(self) -> list[tuple[str, str]]:
        retry = f"{'yes' if self.retry_is_safe else 'no'}. {self.retry_how}"
        rows = [
            ("What happened", self.what_happened),
            ("What to do", self.what_to_do),
            ("Who must act", self.who_must_act),
            ("Show the customer", self.show_customer),
            ("Is a retry safe", retry),
            ("Stripe said", self.message),
            ("Parameter", self.param),
            ("Code", " / ".join(filter(None, (self.code, self.decline_code)))),
            ("Request", self.request_id),
            ("Read more", self.doc_url),
        ]
        return [(name, text) for name, text in rows if text]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an error itself says."""

    message: str | None = None
    code: str | None = None
    decline_code: str | None = None
    doc_url: str | None = None
    param: str | None = None
    request_id: str | None = None
    advice_code: str | None = None


def explain(error: object) -> Explanation:
    """Say what an error means, who must act, and whether to try again.

    Parameters
    ----------
    error
        An exception, or what an object tells of its last failure, such as a
        payment intent's ``last_payment_error``.

    Returns
    -------
    Explanation
        It prints as text, and shows as a table in a notebook.

    Raises
    ------
    TypeError
        If it is no error at all.

    Examples
    --------
    >>> import stripe
    >>> told = explain(stripe.CardError("Your card has expired.", None, "expired_card"))
    >>> told.title, told.who_must_act, told.retry_is_safe
    ('Expired card', 'customer', False)
    >>> told.show_customer
    'Your card has expired. Please use another card.'
    """
    error = _stripe_s(error)
    facts = _facts(error)
    title, entry = _entry(error, facts)
    texts = _data()
    retry = texts["retries"][_retry(error, facts, entry["retry"])]
    return Explanation(
        title=title,
        what_happened=entry["what"],
        what_to_do=entry["do"],
        who_must_act=entry["who"],
        show_customer=texts["customer_texts"][entry["show"]],
        retry_is_safe=retry["safe"],
        retry_how=retry["how"],
        doc_url=_page(facts),
        message=facts.message,
        code=facts.code,
        decline_code=facts.decline_code,
        param=facts.param,
        request_id=facts.request_id,
    )


def _facts(error: object) -> _Facts:
    said = _said(error)
    found = {each.name: said.get(each.name) for each in fields(_Facts)}
    # Of some classes the SDK keeps the code in the body only, of others beside it.
    for name in ("code", "param", "request_id"):
        found[name] = getattr(error, name, None) or found[name]
    found["message"] = getattr(error, "user_message", None) or found["message"]
    texts = (value if isinstance(value, str) else None for value in found.values())
    return _Facts(*(text and redact_text(text) for text in texts))


def _said(error: object) -> dict[str, Any]:
    """Return the error as Stripe sent it."""
    body = getattr(error, "json_body", None)
    if body is None and not isinstance(error, BaseException):
        body = {"error": error.to_dict() if hasattr(error, "to_dict") else error}
    said = body.get("error") if isinstance(body, dict) else None
    return said if isinstance(said, dict) else {}


def _entry(error: object, facts: _Facts) -> tuple[str, dict[str, Any]]:
    data = _data()
    if facts.decline_code in data["decline_codes"]:
        return f"Card declined: {_words(facts.decline_code)}", data["decline_codes"][
            facts.decline_code
        ]
    for part in ("codes", "sandbox_codes"):
        if facts.code in data[part]:
            return _title(facts.code), data[part][facts.code]
    if not isinstance(error, BaseException):
        if not facts.code and not facts.message:
            raise TypeError(
                "explain takes an exception or an object's last error, such as "
                f"last_payment_error, not {type(error).__name__}."
            )
        return "Failed attempt", data["classes"]["StripeError"]
    for kind in type(error).__mro__:
        if kind.__module__.startswith("stripe.") and kind.__name__ in data["classes"]:
            name = _by_status(kind.__name__, getattr(error, "http_status", None))
            return _title(_spaced(kind.__name__)), data["classes"][name]
    title = _title(_spaced(type(error).__name__))
    if _is_one_of(_NETWORK, error):
        return title, data["network"]
    if _is_one_of(_INTERRUPTIONS, error):
        return title, data["interrupted"]
    return title, _ours(error)


def _by_status(name: str, status: object) -> str:
    """Return the class that explains an error of the SDK's general one."""
    if name == "APIError" and status == HTTPStatus.TOO_MANY_REQUESTS:
        return "RateLimitError"
    is_refusal = isinstance(status, int) and status in _REFUSALS
    # The SDK has no class for 405 or 413, which are the caller's to mend.
    return "InvalidRequestError" if name == "APIError" and is_refusal else name


def _retry(error: object, facts: _Facts, name: str) -> str:
    """Return the retry for an error, once Stripe and the issuer were heard."""
    data = _data()
    advised = data["advice_codes"].get(facts.advice_code)
    if advised and data["retries"][name]["safe"]:
        return str(advised)
    said = header(getattr(error, "headers", None), _SHOULD_RETRY)
    asked = data["should_retry"].get(said.lower())
    # What a bank said of a card is no matter of repeating the request.
    if not asked or isinstance(error, stripe.CardError):
        return name
    # A "no" is meant for the repeating of this request at once: what was refused for
    # its number may still be sent later, and what is wrong has better words.
    is_safe = data["retries"][name]["safe"]
    overrides = name == _SAME_KEY if is_safe else data["retries"][asked]["safe"]
    return str(asked) if overrides else name


def _stripe_s(error: object) -> object:
    """Return the error of Stripe's that an exception holds, or else itself."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, stripe.StripeError | StripeNbError):
            return each
        if isinstance(each, BaseExceptionGroup):
            left += each.exceptions
        # Only what was said to be the cause: an error while one of Stripe's was
        # handled is another one.
        left += [getattr(each, "__cause__", None)]
    return error


def _is_one_of(classes: frozenset[str], error: BaseException) -> bool:
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return not classes.isdisjoint(names)


def _ours(error: BaseException) -> dict[str, Any]:
    """Explain an error that is not Stripe's."""
    what = redact_text(str(error)) or "The program failed, and does not say why."
    is_ours = isinstance(error, StripeNbError)
    do = "Do as the message says." if is_ours else "This is no error of Stripe's."
    return {
        "what": what,
        "do": do,
        "who": "developer",
        "show": "ours",
        "retry": "corrected",
    }


def _page(facts: _Facts) -> str:
    if facts.doc_url and _DOC_URL.fullmatch(facts.doc_url):
        return facts.doc_url
    if facts.decline_code:
        return f"{_DOCS}/declines/codes"
    if facts.code and re.fullmatch(r"[a-z0-9_]+", facts.code):
        return f"{_DOCS}/error-codes#{facts.code.replace('_', '-')}"
    return f"{_DOCS}/error-handling"


@cache
def _data() -> dict[str, Any]:
    told = json.loads(data_path("errors.json").read_text(encoding="utf-8"))
    declines = json.loads(data_path("declines.json").read_text(encoding="utf-8"))
    for code, entry in told["decline_codes"].items():
        fact = declines["decline_codes"][code]
        entry |= {"what": fact["description"], "do": fact["next_step"]}
    return dict(told)


def _spaced(name: str) -> str:
    return _CAPITALS.sub(" ", name)


def _words(code: str | None) -> str:
    return (code or "").replace("_", " ")


def _title(code: str | None) -> str:
    """Write a code or a class's name as people would."""
    text = _words(code).lower()
    for low, right in _TITLES.items():
        text = re.sub(rf"\b{low}\b", right, text)
    return text[:1].upper() + text[1:]


def _html(text: str) -> str:
    shown = escape(text)
    if not _DOC_URL.fullmatch(text):
        return shown
    return f'<a href="{shown}" target="_blank" rel="noopener">{shown}</a>'
