"""Stripe objects at hand, turned into a typed DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from stripe_nb.frames.chunk import Chunk, chunk_of
from stripe_nb.frames.layout import DtypeBackend, Layout, to_pandas
from stripe_nb.frames.objects import Object, plain, resource_of
from stripe_nb.frames.schema import Schema, schema_of

if TYPE_CHECKING:
    import stripe

__all__ = ["Builder", "to_frame"]


def to_frame(
    objects: Iterable[Any] | stripe.StripeObject,
    resource: str | None = None,
    *,
    expand: Sequence[str] = (),
    fields: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Build a typed DataFrame from Stripe objects.

    Columns and dtypes come from the catalog, so an empty input gives the same
    columns and dtypes as a full one; only ``metadata_<key>`` columns, fields
    that the catalog doesn't know (last, as text) and unknown categories depend
    on the rows.

    Parameters
    ----------
    objects
        Dictionaries as Stripe returns them or the SDK's objects, in any order;
        also a page of a list, or one object.
    resource
        Stripe object name, for example ``"payment_intent"``; read from the
        objects if not given.
    expand
        References that the objects hold expanded, to flatten into columns, for
        example ``("customer",)``.
    fields
        Only these columns, by name or by dotted path to any depth, for example
        ``("id", "payment_method_details.card.wallet.type")``.

    Returns
    -------
    DataFrame
        One row per object, in input order, indexed from 0. ``attrs`` tells the
        resource, in ``amounts`` each amount's currency column, and in
        ``complete`` whether this was no page of a list that goes on.

    Raises
    ------
    FrameError
        If the objects are of several kinds, or a value doesn't fit.
    UnknownResourceError
        If the catalog has no such object.

    Examples
    --------
    >>> to_frame([], "coupon").dtypes["percent_off"]
    Float64Dtype()
    >>> price = {"object": "price", "unit_amount": 500, "currency": "jpy"}
    >>> to_frame([price], fields=["unit_amount", "currency"])
       unit_amount currency
    0          500      jpy
    """
    rows, complete = plain(objects)
    schema = schema_of(
        resource_of(rows) if resource is None else resource,
        expand=expand,
        fields=fields,
    )
    builder = Builder(schema)
    builder.add(rows)
    modes = {row["livemode"] for row in rows if "livemode" in row}
    frame = builder.frame()
    frame.attrs = {
        "resource": schema.resource,
        "livemode": modes.pop() if len(modes) == 1 else None,
        "complete": complete,
        "amounts": schema.amounts,
    }
    return frame


class Builder:
    """Collects rows of one resource and makes them a frame."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._layout = Layout(schema)
        self._chunks: list[tuple[tuple[float, int], Chunk]] = []

    def add(self, objects: list[Object], place: tuple[float, int] = (0, 0)) -> None:
        """Add rows, which are turned into columns at once.

        Parameters
        ----------
        place
            Puts them in order; what is added under one keeps its order.
        """
        self.add_chunk(chunk_of(objects, self._schema), place)

    def add_chunk(self, chunk: Chunk, place: tuple[float, int] = (0, 0)) -> None:
        """Add rows that are columns already: see `add`."""
        self._layout.see(chunk)
        self._chunks.append((place, chunk))

    def frame(self, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
        """Return all rows as a frame."""
        ordered = sorted(self._chunks, key=itemgetter(0))
        table = self._layout.whole(chunk for _, chunk in ordered)
        return to_pandas(table, dtype_backend)
