"""How much of Stripe's API the sandbox answers, asked of the engine itself.

Nothing here is listed by hand: an operation is what the engine would do with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stripe_nb.catalog.model import Kind, Operation
from stripe_nb.sandbox.blank import blank, unfilled
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.errors import NotSimulated
from stripe_nb.sandbox.resource import Behaviour

__all__ = ["Answer", "Entry", "coverage", "table"]


class Answer(StrEnum):
    """How an operation is answered."""

    SIMULATED = "simulated"
    """By code written for it, or for its kind of object."""
    GENERIC = "generic"
    """By what is the same for all objects: made, kept, listed, changed, deleted."""
    REFUSED = "refused"
    """By a clear error: Stripe has it and the sandbox does not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation and how it is answered."""

    operation: Operation
    answer: Answer


def coverage(engine: Engine) -> Iterator[Entry]:
    """Give every operation of the catalog with the way it is answered.

    Parameters
    ----------
    engine
        What would answer.
    """
    for operation in engine.catalog.operations.values():
        yield Entry(operation, _answer(engine, operation))


def _answer(engine: Engine, operation: Operation) -> Answer:
    try:
        handler = engine.handler(operation)
    except NotSimulated:
        return Answer.REFUSED
    name = handler.__name__
    if name == "generic_create" and not _can_fill(engine, operation):
        return Answer.REFUSED
    own = type(engine.kinds.get(operation.returns)) is not Behaviour
    return (
        Answer.GENERIC
        if name.startswith("generic_") and not own
        else (Answer.SIMULATED)
    )


def _can_fill(engine: Engine, operation: Operation) -> bool:
    """Tell whether parameters alone can decide a new object's fields."""
    resource = engine.catalog.resource(operation.returns)
    given = (*operation.path_parameters, *operation.parameters)
    return all(
        name in given and resource.fields[name].type.kind is not Kind.RESOURCE
        for name in unfilled(blank(resource), resource, given)
    ) and all(
        name in resource.fields
        for name, parameter in operation.parameters.items()
        if parameter.required
    )


def table(engine: Engine) -> str:
    """Return the coverage as text: a line per operation, and the totals.

    Parameters
    ----------
    engine
        What would answer.
    """
    entries = list(coverage(engine))
    width = max(len(entry.operation.name) for entry in entries)
    lines = [
        f"{entry.answer:<10} {entry.operation.name:<{width}} "
        f"{entry.operation.method.upper():<6} {entry.operation.path}"
        for entry in entries
    ]
    return "\n".join([*lines, "", *_totals(entries)])


def _totals(entries: list[Entry]) -> Iterator[str]:
    for version in ("v1", "v2"):
        answers = [
            entry.answer for entry in entries if entry.operation.version == version
        ]
        counts = Counter(answers)
        shares = ", ".join(
            f"{counts[answer]} {answer} ({counts[answer] / len(answers):.0%})"
            for answer in Answer
        )
        yield f"{version}: {len(answers)} operations: {shares}"
