"""Every list, with rows and without, in every kind of place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import stripe

from stripe_nb.export import export
from stripe_nb.export.many import listable
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

PLACES = ["a.csv", "a.jsonl", "a.parquet", "a.feather", "a.xlsx", "a/", "a.duckdb"]


@pytest.fixture(scope="module")
def empty() -> Iterator[Client]:
    with Sandbox(seed=7) as box, connect(sandbox=box) as client:
        yield client


@pytest.fixture(scope="module")
def demo() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as box, connect(sandbox=box) as client:
        yield client


def _dtypes(rows: pd.DataFrame) -> dict[str, str]:
    """Return the dtypes of what is there whatever the rows."""
    return {
        str(name): "category" if isinstance(kind, pd.CategoricalDtype) else str(kind)
        for name, kind in rows.dtypes.items()
        if not str(name).startswith("metadata_")
    }


def _is_simulated(client: Client, name: str) -> bool:
    try:
        frame(name, limit=1, client=client)
    except stripe.APIError as error:
        if error.http_status != 501:
            raise
        return False
    return True


@pytest.mark.parametrize("name", listable())
def test_every_list_goes_to_every_kind_of_place(
    empty: Client, demo: Client, tmp_path: Path, name: str
) -> None:
    if not _is_simulated(empty, name):
        with pytest.raises(stripe.APIError, match="Not simulated"):
            export(name, tmp_path / "a.csv", client=empty)
        assert list(tmp_path.iterdir()) == []
        return
    dtypes = _dtypes(frame(name, client=empty))
    has_rows = bool(len(frame(name, client=demo)))
    for client in (empty, demo)[: 1 + has_rows]:
        expected = frame(name, client=client)
        assert _dtypes(expected) == dtypes
        for place in PLACES:
            options = {"table": "a"} if place == "a.duckdb" else {}
            export(name, f"{tmp_path}/{place}", client=client, **options)
        for read, place in (
            (pd.read_parquet, "a.parquet"),
            (pd.read_feather, "a.feather"),
        ):
            found = read(tmp_path / place)
            assert found.columns.tolist() == expected.columns.tolist()
            # pandas keeps no dtype of its own for decimals.
            exact = [c for c, kind in dtypes.items() if not kind.startswith("decimal")]
            assert _dtypes(found[exact]) == _dtypes(expected[exact])
            if "id" in expected:
                assert found["id"].tolist() == expected["id"].tolist()
        with duckdb.connect(tmp_path / "a.duckdb") as there:
            assert there.execute("select count(*) from a").fetchone() == (
                len(expected),
            )
