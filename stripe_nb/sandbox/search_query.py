"""Stripe's search query language, from text to clauses.

Stripe: https://docs.stripe.com/search#search-query-language. Knows nothing of
which fields there are or of how they are looked up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stripe_nb.sandbox.errors import InvalidRequest

__all__ = ["Clause", "Query", "parse_query"]

_MOST_CLAUSES = 10

_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_CLAUSE = re.compile(
    rf"""
    (?P<negated>-)?
    (?P<field>[A-Za-z_][\w.]*)
    (?:\[\s*(?P<key>{_QUOTED})\s*\])?
    \s*(?P<operator>>=|<=|[:~<>])\s*
    (?P<value>{_QUOTED}|[^\s"'()]+)
    """,
    re.VERBOSE,
)
_JOINT = re.compile(r"\s+(?:(?P<word>AND|OR)\s+)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a query.

    Attributes
    ----------
    field
        ``"email"``; dotted for nested ones.
    key
        Of metadata.
    operator
        ``":"``, ``"~"``, ``">"``, ``"<"``, ``">="`` or ``"<="``.
    value
        Without quotes; ``None`` for ``null``.
    negated
        Whether it is to be false.
    """

    field: str
    key: str | None
    operator: str
    value: str | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions of which all must hold, or any."""

    clauses: tuple[Clause, ...]
    any_of: bool = False


def parse_query(text: str) -> Query:
    """Read a query.

    Parameters
    ----------
    text
        Such as ``email:"amy@example.com" AND -metadata["key"]:null``.

    Raises
    ------
    InvalidRequest
        If it can't be read, in Stripe's words.

    Examples
    --------
    >>> query = parse_query('amount>=1000 AND -currency:"usd"')
    >>> [(clause.field, clause.operator, clause.value) for clause in query.clauses]
    [('amount', '>=', '1000'), ('currency', ':', 'usd')]
    """
    text = text.strip()
    clauses: list[Clause] = []
    words: set[str] = set()
    position = 0
    while True:
        found = _CLAUSE.match(text, position)
        if found is None:
            raise _unreadable()
        clauses.append(_clause(found))
        position = found.end()
        if position == len(text):
            break
        joint = _JOINT.match(text, position)
        if joint is None:
            raise _unreadable()
        words.add((joint["word"] or "AND").upper())
        position = joint.end()
    _check(clauses, words)
    return Query(tuple(clauses), any_of=words == {"OR"})


def _clause(found: re.Match[str]) -> Clause:
    value = found["value"]
    null = value.lower() == "null"
    return Clause(
        field=found["field"],
        key=_unquoted(found["key"]) if found["key"] else None,
        operator=found["operator"],
        value=None if null else _unquoted(value),
        negated=bool(found["negated"]),
    )


def _unquoted(text: str) -> str:
    if text[0] in "\"'":
        return _ESCAPE.sub(r"\1", text[1:-1])
    return text


def _check(clauses: list[Clause], words: set[str]) -> None:
    if len(words) > 1:
        raise InvalidRequest(
            "We were unable to parse your search query. You can't combine AND and OR "
            "in the same query.",
            param="query",
        )
    if len(clauses) > _MOST_CLAUSES:
        raise InvalidRequest(
            "We were unable to parse your search query. You can use at most "
            f"{_MOST_CLAUSES} clauses, and this one has {len(clauses)}.",
            param="query",
        )


def _unreadable() -> InvalidRequest:
    return InvalidRequest(
        "We were unable to parse your search query. Try using the format "
        '`metadata["key"]:"value"` to query for metadata or key:"value" to query for '
        "other fields.",
        param="query",
    )
