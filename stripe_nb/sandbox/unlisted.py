"""Operations that Stripe answers though the installed SDK has no method for them.

A behaviour declares them in `Behaviour.unlisted` and carries them out with a
handler of the whole operation's name, as any other. They are looked for before
the catalog's, since an id in the catalog's path would match their last word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stripe_nb.catalog.model import Field, Kind, Operation, Type
from stripe_nb.catalog.routes import Routes

__all__ = ["Unlisted", "UnlistedRoutes", "unlisted"]

_EXPAND = Field("expand", Type(Kind.LIST, item=Type(Kind.STRING)))


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An operation that the catalog lacks.

    Attributes
    ----------
    operation
        In the catalog's own form.
    until
        The API version that took it away; empty where today's still has it.
    """

    operation: Operation
    until: str = ""


def unlisted(
    name: str,
    method: str,
    path: str,
    returns: str,
    *fields: Field,
    answer: str = "object",
    until: str = "",
) -> Unlisted:
    """Describe an operation that the catalog lacks.

    Parameters
    ----------
    name
        Dotted, as the catalog would have it: ``"invoices.upcoming"``.
    method, path, returns, answer
        As `Operation` has them.
    fields
        Its parameters; ``expand`` is added to them.
    until
        As `Unlisted` has it.

    Examples
    --------
    >>> gone = unlisted("invoices.upcoming", "get", "/v1/invoices/upcoming", "invoice")
    >>> gone.operation.action
    'upcoming'
    """
    segments = path.split("/")
    return Unlisted(
        Operation(
            name=name,
            action=name.rpartition(".")[2],
            method=method,
            path=path,
            path_parameters=tuple(s[1:-1] for s in segments if s.startswith("{")),
            parameters={field.name: field for field in (*fields, _EXPAND)},
            returns=returns,
            answer=answer,
        ),
        until,
    )


class UnlistedRoutes:
    """Finds the unlisted operation that a request means.

    Parameters
    ----------
    declared
        Those of all behaviours.
    """

    def __init__(self, declared: Iterable[Unlisted]) -> None:
        self._declared = {entry.operation.name: entry for entry in declared}
        self._routes = Routes(
            (name, entry.operation.method, entry.operation.path)
            for name, entry in self._declared.items()
        )

    def find(
        self, method: str, path: str, version: str
    ) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation, if the request's version still has it."""
        found = self._routes.find(method, path)
        if found is None:
            return None
        entry = self._declared[found[0]]
        if entry.until and version[:10] >= entry.until[:10]:
            return None
        return entry.operation, found[1]
