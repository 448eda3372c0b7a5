"""How Stripe says no: one class per kind of refusal, rendered in one place.

Handlers raise these and the engine alone catches them. A refusal undoes what
its request wrote, but for a card decline, whose charge Stripe keeps.

::

    ApiError
      x Unauthorized          401
      x Forbidden             403
      x InvalidRequest        400
        x ParameterUnknown, ParameterMissing, ParameterInvalid
        x ResourceMissing     404, or 400 where a parameter names the object
        x UnknownUrl          404
        x NotSimulated        501: Stripe has it, the sandbox does not (yet)
      x CardDeclined          402
      x IdempotencyMismatch   400
      x IdempotencyInUse      409
      x RateLimited           429
      x ServerError           500: a fault that was asked for
      x Overloaded            503: more at one time than the sandbox takes
      x SandboxFailed         500: a defect of the sandbox itself
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

__all__ = [
    "ApiError",
    "CardDeclined",
    "Forbidden",
    "IdempotencyInUse",
    "IdempotencyMismatch",
    "InvalidRequest",
    "NotSimulated",
    "Overloaded",
    "ParameterInvalid",
    "ParameterMissing",
    "ParameterUnknown",
    "RateLimited",
    "ResourceMissing",
    "SandboxFailed",
    "ServerError",
    "Unauthorized",
    "UnknownUrl",
]


# What the v2 API calls an error that has no code in v1: HTTP status to code.
_V2_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 500: "api_error"}


class ApiError(Exception):
    """A refusal as Stripe words it.

    Attributes
    ----------
    http_status, type, code, param, message
        As in Stripe's error object; `code` and `param` may be ``None``.
    keeps_writes
        Whether what the request wrote before stays.
    executed
        Whether the request had begun to run, so that an idempotency key
        remembers this answer.
    may_succeed_later
        Whether an SDK should send the same request again.
    headers
        More headers of the answer.
    extra
        More keys of the error object, such as ``payment_intent``.
    """

    http_status = 400
    type = "invalid_request_error"
    keeps_writes = False
    executed = True
    may_succeed_later = False
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        http_status: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.extra = extra
        if http_status is not None:
            self.http_status = http_status

    def to_body(self, **more: Any) -> dict[str, Any]:
        """Return the error's JSON, keys in Stripe's (alphabetical) order."""
        error = {
            "code": self.code,
            "doc_url": self.code
            and "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-"),
            "message": self.message,
            "param": self.param,
            "type": self.type,
            **self.extra,
            **more,
        }
        return {
            "error": {
                key: error[key] for key in sorted(error) if error[key] is not None
            }
        }

    def to_v2_body(self) -> dict[str, Any]:
        """Return the error's JSON as the v2 API has it."""
        code = "not_found" if self.code == "resource_missing" else self.code
        error = {
            "code": code or _V2_CODES.get(self.http_status, "invalid_request"),
            "message": self.message,
            "param": self.param,
            "type": self.type,
        }
        return {"error": {key: text for key, text in error.items() if text is not None}}


class Unauthorized(ApiError):
    """The request has no key that the sandbox takes."""

    http_status = 401
    executed = False


class Forbidden(ApiError):
    """The key may not do this."""

    http_status = 403
    executed = False


class InvalidRequest(ApiError):
    """The request can't be carried out as sent."""


class ParameterUnknown(InvalidRequest):
    """A parameter that the operation does not have."""

    executed = False

    def __init__(self, names: Sequence[str], meant: str | None = None) -> None:
        plural = "s" if len(names) > 1 else ""
        hint = f". Did you mean {meant}?" if meant else ""
        super().__init__(
            f"Received unknown parameter{plural}: {', '.join(names)}{hint}",
            code="parameter_unknown",
            param=names[0],
        )


class ParameterMissing(InvalidRequest):
    """A parameter that the operation needs."""

    executed = False

    def __init__(self, param: str, message: str | None = None) -> None:
        super().__init__(
            message or f"Missing required param: {param}.",
            code="parameter_missing",
            param=param,
        )


class ParameterInvalid(InvalidRequest):
    """A parameter whose value is of the wrong kind."""

    executed = False

    @classmethod
    def empty(cls, param: str) -> ParameterInvalid:
        """Refuse an empty string where nothing can be unset."""
        return cls(
            f"You passed an empty string for '{param}'. We assume empty values are an "
            f"attempt to unset a parameter; however '{param}' cannot be unset. You "
            f"should remove '{param}' from your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=param,
        )


class ResourceMissing(InvalidRequest):
    """An id that names nothing."""

    def __init__(
        self,
        kind: str,
        value: str,
        *,
        param: str | None = "id",
        http_status: int = 404,
        hint: str = "",
    ) -> None:
        super().__init__(
            f"No such {kind}: '{value}'{hint}",
            code="resource_missing",
            param=param,
            http_status=http_status,
        )


class UnknownUrl(InvalidRequest):
    """A method and path that Stripe does not have."""

    http_status = 404
    executed = False

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method.upper()}: {path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/."
        )


class NotSimulated(ApiError):
    """Stripe can do this and the sandbox can't: said, never made up."""

    http_status = 501
    type = "api_error"
    executed = False

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Not simulated: {what} exists at Stripe, but the stripe_nb sandbox does "
            "not simulate it.",
            code="not_simulated",
        )


class CardDeclined(ApiError):
    """The card said no."""

    http_status = 402
    type = "card_error"
    keeps_writes = True


class IdempotencyMismatch(ApiError):
    """A known idempotency key came with another request."""

    type = "idempotency_error"
    executed = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters "
            "they were first used with. Try using a key other than "
            f"'{key}' if you meant to execute a different request."
        )


class IdempotencyInUse(ApiError):
    """A request with this idempotency key is still running."""

    http_status = 409
    type = "idempotency_error"
    executed = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key "
            "(that probably means you submitted twice, and the other request is still "
            f"going through): {key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(ApiError):
    """Too many requests."""

    http_status = 429
    executed = False

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Testmode request rate limit exceeded, the rate limits in testmode are "
            "lower than livemode. You can learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
        )
        self.headers = {"Stripe-Rate-Limited-Reason": reason}


class ServerError(ApiError):
    """Something went wrong on Stripe's end: asked for as a fault."""

    http_status = 500
    type = "api_error"
    may_succeed_later = True

    def __init__(self) -> None:
        super().__init__(
            "An unknown error occurred on our end. This one was asked for as a fault "
            "of the sandbox; the same request may succeed next time."
        )


class Overloaded(ApiError):
    """Other requests take all that the sandbox can hold."""

    http_status = 503
    type = "api_error"
    executed = False
    may_succeed_later = True

    def __init__(self) -> None:
        super().__init__(
            "The sandbox is reading too much at one time: send this request again in "
            "a moment."
        )


class SandboxFailed(ApiError):
    """The sandbox itself has a defect."""

    http_status = 500
    type = "api_error"
