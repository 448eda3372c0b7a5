"""Places that can be none, and values that no place holds: told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stripe_nb.errors import ExportError, FrameError
from stripe_nb.export import export
from stripe_nb.frames import frame
from stripe_nb.session import Client

ROWS = pd.DataFrame({"id": ["a"]})


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("file/a.csv", "is a file and no folder"),
        ("a\0b.csv", "can't be a file's name"),
        ("~nobody-by-that-name/a.csv", "can't be a file's name"),
        ("~nobody-by-that-name/lake/", "can't be a file's name"),
        ("shop.db", "sqlite:///.*shop.db"),
        ("shop.SQLite3", "may be one of SQLite's"),
    ],
)
def test_a_path_that_can_t_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, says: str
) -> None:
    (tmp_path / "file").write_text("here")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match=says):
        export(ROWS, place)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_would_be_gone_at_once_is_refused(url: str) -> None:
    with pytest.raises(ExportError, match="in memory, which would be gone"):
        export(ROWS, url)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "has no columns"),
        ({"id": [2**70]}, "integers beyond 64 bits"),
        ({"id": ["\ud800"]}, "a text that is no Unicode"),
    ],
)
def test_a_frame_that_no_file_holds_is_refused(
    tmp_path: Path, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(ExportError, match=says):
        export(pd.DataFrame(values, dtype=object), tmp_path / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_a_folder_on_a_store_that_is_a_disk_is_made(tmp_path: Path) -> None:
    created = pd.to_datetime(["2026-01-15", "2026-02-15"], utc=True)
    rows = pd.DataFrame({"id": ["a", "b"], "created": created})
    export(rows, f"file://{tmp_path}/lake/")
    assert sorted(pd.read_parquet(tmp_path / "lake")["id"]) == ["a", "b"]


@pytest.mark.parametrize("account", ["", " ", "acct_1\n", 5])
def test_an_account_that_is_no_id_is_not_taken_for_one_s_own(
    client: Client, account: Any
) -> None:
    with pytest.raises(FrameError, match="is no id"):
        frame("customers", account=account, client=client)


def test_a_span_is_told_as_it_was_given(client: Client) -> None:
    with pytest.raises(FrameError, match=r"created=\('2026-02-01', '2026-01-01'\)"):
        frame("customers", created=("2026-02-01", "2026-01-01"), client=client)
