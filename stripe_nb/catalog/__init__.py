"""What Stripe's objects and operations are, derived from the installed SDK.

Knows nothing of HTTP, of a sandbox or of frames: it only tells facts.

The SDK's source is read once per version and kept in the user's cache folder
(``STRIPE_NB_CACHE_DIR`` overrides it); resources and operations are built when
they are first asked for.
"""

from __future__ import annotations

import functools

from stripe_nb.catalog.cache import open_archive
from stripe_nb.catalog.lookup import Catalog
from stripe_nb.catalog.model import Field, Kind, Operation, Presence, Resource, Type

__all__ = [
    "Catalog",
    "Field",
    "Kind",
    "Operation",
    "Presence",
    "Resource",
    "Type",
    "load",
]


@functools.cache
def load() -> Catalog:
    """Return the catalog of the installed SDK, the same in a whole process.

    Raises
    ------
    CatalogError
        If the SDK is not installed, or can't be read.

    Examples
    --------
    >>> load().resource("payment_intents").fields["amount"].amount
    True
    """
    return Catalog(open_archive())
