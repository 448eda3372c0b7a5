"""The catalog as the rest of the package asks it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from stripe_nb.catalog.archive import Archive
from stripe_nb.catalog.model import Operation, Resource
from stripe_nb.catalog.routes import Routes
from stripe_nb.errors import UnknownOperationError, UnknownResourceError

__all__ = ["Catalog"]

_Value = TypeVar("_Value")


class Catalog:
    """What Stripe's objects and operations are, in the installed SDK's version.

    Parameters
    ----------
    archive
        Where the records are.

    Examples
    --------
    >>> from stripe_nb.catalog import load
    >>> catalog = load()
    >>> catalog.resource("customers").id_prefix
    'cus'
    >>> catalog.operation("customers.create").path
    '/v1/customers'
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._aliases: Mapping[str, str] = archive.index["aliases"]
        self.resources: Mapping[str, Resource] = _Lazy(
            archive.index["resources"], archive.resource
        )
        self.operations: Mapping[str, Operation] = _Lazy(
            archive.index["operations"], archive.operation
        )

    def __repr__(self) -> str:
        return (
            f"<Catalog of API {self.api_version}: {len(self.resources)} resources, "
            f"{len(self.operations)} operations>"
        )

    @property
    def api_version(self) -> str:
        """The API version that the SDK pins."""
        version: str = self._archive.index["api_version"]
        return version

    @cached_property
    def api_versions(self) -> tuple[str, ...]:
        """All API versions that the SDK knows, oldest first."""
        return tuple(self._archive.index["api_versions"])

    @cached_property
    def event_types(self) -> tuple[str, ...]:
        """The types of events that a webhook can be sent."""
        return tuple(self._archive.index["event_types"])

    @cached_property
    def thin_event_types(self) -> tuple[str, ...]:
        """The types of thin events, which event destinations can be sent."""
        return tuple(self._archive.index["thin_event_types"])

    def resource(self, name: str) -> Resource:
        """Return a resource.

        Parameters
        ----------
        name
            Its object name (``"payment_intent"``), its collection on a client
            (``"payment_intents"``, ``"checkout.sessions"``), or that of a URL
            (``"checkout/sessions"``).

        Raises
        ------
        UnknownResourceError
            If the SDK has no such resource.

        Examples
        --------
        >>> from stripe_nb.catalog import load
        >>> load().resource("checkout/sessions").name
        'checkout.session'
        """
        dotted = name.strip("/").replace("/", ".").removeprefix("v1.")
        known = dotted if dotted in self.resources else self._aliases.get(dotted)
        if known is not None:
            return self.resources[known]
        message = f"Stripe has no resource {name!r}"
        names = [*self.resources, *self._aliases]
        raise UnknownResourceError(_with_suggestion(message, dotted, names))

    def operation(self, name: str) -> Operation:
        """Return an operation.

        Parameters
        ----------
        name
            As typed on a client after ``v1.``: ``"payment_intents.confirm"``.

        Raises
        ------
        UnknownOperationError
            If the SDK has no such operation.

        Examples
        --------
        >>> from stripe_nb.catalog import load
        >>> load().operation("payment_intents.confirm").method
        'post'
        """
        dotted = name.removeprefix("v1.")
        if dotted in self.operations:
            return self.operations[dotted]
        message = f"Stripe has no operation {name!r}"
        raise UnknownOperationError(_with_suggestion(message, dotted, self.operations))

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation that a request means, and its path parameters.

        Parameters
        ----------
        method
            HTTP's, in any case.
        path
            Without host and query; ids in it are not percent-decoded.

        Examples
        --------
        >>> from stripe_nb.catalog import load
        >>> operation, ids = load().match("POST", "/v1/payment_intents/pi_1/confirm")
        >>> operation.name, ids
        ('payment_intents.confirm', {'intent': 'pi_1'})
        """
        found = self._routes.find(method, path)
        if found is None:
            return None
        name, values = found
        return self.operations[name], values

    @cached_property
    def _routes(self) -> Routes:
        entries = self._archive.index["operations"].items()
        return Routes((name, entry[0], entry[1]) for name, entry in entries)


class _Lazy(Mapping[str, _Value]):
    """A mapping whose values are built on first access."""

    def __init__(self, names: Iterable[str], build: Callable[[str], _Value]) -> None:
        self._names = dict.fromkeys(names)
        self._build = build
        self._built: dict[str, _Value] = {}

    def __getitem__(self, name: str) -> _Value:
        value = self._built.get(name)
        if value is None:
            if name not in self._names:
                raise KeyError(name)
            value = self._built[name] = self._build(name)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _with_suggestion(message: str, name: str, known: Iterable[str]) -> str:
    """Add the names that were perhaps meant to an error's message."""
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    if not near:
        return f"{message} in the installed SDK's version of the API."
    return f"{message}; did you mean {' or '.join(map(repr, near))}?"
