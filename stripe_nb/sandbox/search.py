"""Search: a query's clauses as conditions on the stored objects, page by page.

What can be searched by: https://docs.stripe.com/search#supported-query-fields-for-each-resource
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterInvalid
from stripe_nb.sandbox.search_query import Clause, Query, parse_query
from stripe_nb.sandbox.store import Condition, Row
from stripe_nb.sandbox.wire import Json

__all__ = ["conditions", "search"]

_FIRST_VERSION = "2020-08-27"
_DEFAULT_LIMIT = 10
_LARGEST_LIMIT = 100
_MOST_COUNTED = 10_000
_SHORTEST_SUBSTRING = 3
# SQLite's integers end here; its floating-point numbers go on.
_TOO_LARGE = 2**63


class _Kind(StrEnum):
    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class _Field:
    kind: _Kind
    path: str = ""


_WORD, _TEXT = _Field(_Kind.WORD), _Field(_Kind.TEXT)
_NUMBER, _FLAG = _Field(_Kind.NUMBER), _Field(_Kind.FLAG)
_METADATA = _Field(_Kind.METADATA)

# A field whose path says nothing lies where it is named.
_FIELDS: Mapping[str, Mapping[str, _Field]] = {
    "charge": {
        "amount": _NUMBER,
        "billing_details.address.postal_code": _WORD,
        "created": _NUMBER,
        "currency": _WORD,
        "customer": _WORD,
        "disputed": _FLAG,
        "metadata": _METADATA,
        "refunded": _FLAG,
        "status": _WORD,
    },
    "customer": {
        "created": _NUMBER,
        "email": _TEXT,
        "metadata": _METADATA,
        "name": _TEXT,
        "phone": _TEXT,
    },
    "invoice": {
        "created": _NUMBER,
        "currency": _WORD,
        "customer": _WORD,
        "last_finalization_error_code": _Field(
            _Kind.WORD, "last_finalization_error.code"
        ),
        "last_finalization_error_type": _Field(
            _Kind.WORD, "last_finalization_error.type"
        ),
        "metadata": _METADATA,
        "number": _TEXT,
        "receipt_number": _WORD,
        "status": _TEXT,
        "subscription": _Field(_Kind.TEXT, "parent.subscription_details.subscription"),
        "total": _NUMBER,
    },
    "payment_intent": {
        "amount": _NUMBER,
        "created": _NUMBER,
        "currency": _WORD,
        "customer": _WORD,
        "metadata": _METADATA,
        "status": _WORD,
    },
    "price": {
        "active": _FLAG,
        "currency": _WORD,
        "lookup_key": _TEXT,
        "metadata": _METADATA,
        "product": _TEXT,
        "type": _WORD,
    },
    "product": {
        "active": _FLAG,
        "description": _TEXT,
        "metadata": _METADATA,
        "name": _TEXT,
        "shippable": _FLAG,
        "url": _TEXT,
    },
    "subscription": {
        "canceled_at": _NUMBER,
        "created": _NUMBER,
        "metadata": _METADATA,
        "status": _WORD,
    },
}
# Charges: any kind of payment method, so that its name is part of the field's.
_METHOD_FIELD = re.compile(
    r"payment_method_details\.[a-z0-9_]+\."
    r"(?P<name>last4|exp_month|exp_year|brand|fingerprint)"
)
_METHOD_NUMBERS = ("exp_month", "exp_year")

_OPERATORS = {
    _Kind.WORD: (":",),
    _Kind.TEXT: (":", "~"),
    _Kind.NUMBER: (":", ">", "<", ">=", "<="),
    _Kind.FLAG: (":",),
    _Kind.METADATA: (":",),
}


def search(call: Call, resource: str, url: str) -> Json:
    """Answer a page of the objects that a query finds, newest first."""
    if call.version[:10] < _FIRST_VERSION:
        raise InvalidRequest(
            f"Search needs the API version {_FIRST_VERSION} or a newer one, and this "
            f"request came under {call.version}."
        )
    found = conditions(parse_query(call.params["query"]), resource, call)
    store = call.engine.store
    page = store.page(
        call.account,
        resource,
        found,
        limit=min(max(call.params.get("limit", _DEFAULT_LIMIT), 1), _LARGEST_LIMIT),
        after=_position(call.params.get("page"), resource),
    )
    answer: Json = {
        "object": "search_result",
        "data": [row.obj for row in page.rows],
        "has_more": page.has_more,
        "next_page": _token(page.rows[-1]) if page.has_more else None,
        "url": url,
    }
    if "total_count" in (call.params.get("expand") or ()):
        counted = store.count(call.account, resource, found)
        answer["total_count"] = min(counted, _MOST_COUNTED)
    return answer


def conditions(query: Query, resource: str, call: Call) -> list[Condition]:
    """Return what the objects that a query finds have in common.

    Raises
    ------
    InvalidRequest
        For a field or an operator that the resource can't be searched by.
    """
    each = [_condition(clause, resource, call) for clause in query.clauses]
    if not query.any_of:
        return each
    sql = " or ".join(f"({one.sql})" for one in each)
    return [Condition(f"({sql})", tuple(value for one in each for value in one.values))]


def _condition(clause: Clause, resource: str, call: Call) -> Condition:
    field = _field(clause, resource, call)
    if clause.operator not in _OPERATORS[field.kind] or (
        clause.value is None and clause.operator != ":"
    ):
        raise _misused(clause)
    sql, values = _value_sql(field, clause)
    if clause.value is None:
        test, more = f"{sql} is null", ()
    else:
        test, more = _comparison(field, clause, sql)
    # What is absent does not match, and so does match a negated clause.
    test = f"coalesce({test}, 0)"
    return Condition(f"not {test}" if clause.negated else test, (*values, *more))


def _field(clause: Clause, resource: str, call: Call) -> _Field:
    known = _FIELDS.get(resource)
    if known is None:
        raise NotSimulated(f"searching {resource} objects")
    field = known.get(clause.field)
    if resource == "charge" and (found := _METHOD_FIELD.fullmatch(clause.field)):
        field = _NUMBER if found["name"] in _METHOD_NUMBERS else _WORD
    if field is None or (clause.key is None) == (field.kind is _Kind.METADATA):
        plural = call.kind(resource).plural or resource
        raise InvalidRequest(
            f"Field `{clause.field}` is an unsupported search field for resource "
            f"`{plural}`. See http://stripe.com/docs/search#query-fields-for-"
            f"{plural.replace('_', '-')} for a list of supported fields.",
            param="query",
        )
    return field


def _value_sql(field: _Field, clause: Clause) -> tuple[str, tuple[Any, ...]]:
    """Write what a clause looks at; what a request says is only ever bound."""
    if field.kind is _Kind.METADATA:
        return (
            "(select value from json_each(body, '$.metadata') where key = ?)",
            (clause.key,),
        )
    steps = (field.path or clause.field).split(".")
    return "json_extract(body, ?)", ("$" + "".join(f'."{step}"' for step in steps),)


def _comparison(field: _Field, clause: Clause, sql: str) -> tuple[str, tuple[Any, ...]]:
    value = clause.value or ""
    if field.kind is _Kind.NUMBER:
        operator = "=" if clause.operator == ":" else clause.operator
        return f"{sql} {operator} ?", (_number(clause, value),)
    if field.kind is _Kind.FLAG:
        if value.lower() not in ("true", "false"):
            raise _misused(clause)
        return f"{sql} = ?", (value.lower() == "true",)
    if clause.operator == "~":
        if len(value) < _SHORTEST_SUBSTRING:
            raise InvalidRequest(
                f"The substring to search {clause.field} for must have at least "
                f"{_SHORTEST_SUBSTRING} characters.",
                param="query",
            )
        return f"has_part({sql}, ?)", (value,)
    function = "has_phrase" if field.kind is _Kind.TEXT else "same_text"
    return f"{function}({sql}, ?)", (value,)


def _number(clause: Clause, value: str) -> int | float:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _misused(clause) from None
    if not number.is_finite():
        raise _misused(clause)
    # Comparisons alone: arithmetic overflows on what has a large exponent.
    whole = -_TOO_LARGE < number < _TOO_LARGE and number == number.to_integral_value()
    return int(number) if whole else float(number)


def _misused(clause: Clause) -> InvalidRequest:
    return InvalidRequest(
        f"Field `{clause.field}` can't be searched with the operator "
        f"`{clause.operator}` and the value "
        f"`{'null' if clause.value is None else clause.value}`.",
        param="query",
    )


def _token(row: Row) -> str:
    """Write where a page ends."""
    return urlsafe_b64encode(f"{row.created}.{row.seq}".encode()).decode().rstrip("=")


def _stored(text: str) -> int:
    """Read a number as SQLite can hold it."""
    number = int(text)
    if not -_TOO_LARGE < number < _TOO_LARGE:
        raise ValueError(number)
    return number


def _position(token: str | None, resource: str) -> Row | None:
    """Read where the page before ended."""
    if not token:
        return None
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        created, _, seq = text.partition(".")
        where = _stored(created), _stored(seq)
    except (Base64Error, ValueError):
        raise ParameterInvalid(
            "Invalid page: use the next_page of the page before.", param="page"
        ) from None
    return Row(
        where[1], "", resource, where[0], deleted=False, body=b""
    )  # a place, no object
