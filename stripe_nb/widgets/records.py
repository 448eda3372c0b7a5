"""Single Stripe objects as plain dictionaries, read by their resource and id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from stripe_nb.catalog import load
from stripe_nb.errors import WidgetError
from stripe_nb.widgets.presentation import fields_of

if TYPE_CHECKING:
    from stripe_nb.session import Client

__all__ = ["can_be_opened", "retrieve", "retrieving"]


def retrieving(resource: str) -> str | None:
    """Return the path under which objects of a resource are read, if there is one.

    Parameters
    ----------
    resource
        Its object name.

    Examples
    --------
    >>> retrieving("payment_intent")
    '/v1/payment_intents/{id}'
    """
    spec = load().resource(resource)
    operation = load().operations.get(f"{spec.plural}.retrieve")
    if operation is None or len(operation.path_parameters) != 1:
        return None
    (name,) = operation.path_parameters
    return operation.path.replace(f"{{{name}}}", "{id}")


def can_be_opened(resource: str) -> bool:
    """Tell whether objects of a resource can be read by their id alone.

    Parameters
    ----------
    resource
        Its object name; one that the catalog doesn't know can't.

    Examples
    --------
    >>> can_be_opened("charge"), can_be_opened("line_item"), can_be_opened("")
    (True, False, False)
    """
    return bool(fields_of(resource)) and retrieving(resource) is not None


def retrieve(
    client: Client, resource: str, object_id: str, *, expand: Sequence[str] = ()
) -> dict[str, Any]:
    """Read an object.

    Parameters
    ----------
    client
        From ``connect``.
    resource
        Its object name.
    object_id
        Its id.
    expand
        References to expand.

    Raises
    ------
    WidgetError
        If objects of this kind can't be read by their id alone.
    """
    path = retrieving(resource)
    if path is None:
        raise WidgetError(f"Stripe gives no {resource} by its id alone.")
    query = {"expand": list(expand)} if expand else None
    found: dict[str, Any] = orjson.loads(
        client.get_bytes(path.format(id=quote(object_id, safe="")), query)
    )
    return found
