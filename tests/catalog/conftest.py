from __future__ import annotations

import pytest

from stripe_nb.catalog import Catalog, load


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load()
