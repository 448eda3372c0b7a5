from __future__ import annotations

from pathlib import Path

import pytest

from stripe_nb.sync import engine


@pytest.fixture(params=["duckdb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        return str(tmp_path / "w.duckdb")
    return f"sqlite:///{tmp_path}/w.sqlite"


@pytest.fixture(autouse=True)
def _events_are_asked_for_small_tables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_FEW_ROWS", -1)
