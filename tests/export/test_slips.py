"""Places, values and options that can't be: each is told in one sentence."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from stripe_nb.cli import main
from stripe_nb.errors import ExportError, FrameError
from stripe_nb.export import export
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.window import bounds_of

ROWS = pd.DataFrame({"a": [1]})


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("sqlite://", "a database in memory, which would be gone at once"),
        ("sqlite:///:memory:", "a database in memory"),
        ("shop.db", "write its URL, sqlite:///shop.db"),
        ("shop.sqlite3", "write its URL, sqlite:///shop.sqlite3"),
        ("a\0.csv", "can't be a file's name: .*null"),
        ("~nobody-by-that-name/x.csv", "can't be a file's name: .*home"),
        ("~nobody-by-that-name/lake/", "can't be a file's name: .*home"),
        ("file.csv/x.csv", "'file.csv' is a file and no folder"),
    ],
)
def test_a_place_that_can_not_be_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, cause: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.csv").write_text("kept", encoding="utf-8")
    with pytest.raises(ExportError, match=cause) as told:
        export(ROWS, place, table="t" if "://" in place else None)
    assert "\n" not in str(told.value)
    assert [each.name for each in tmp_path.iterdir()] == ["file.csv"]


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        (pd.DataFrame({"a": [2**70]}), "integers beyond 64 bits"),
        (pd.DataFrame({"a": ["\ud800"]}, dtype=object), "a text that is no Unicode"),
        (pd.DataFrame(), "has no columns"),
    ],
)
@pytest.mark.parametrize("name", ["c.csv", "c.parquet", "c/", "c.duckdb"])
def test_a_frame_that_nothing_holds_is_told(
    tmp_path: Path, rows: pd.DataFrame, cause: str, name: str
) -> None:
    table = "t" if name == "c.duckdb" else None
    with pytest.raises(ExportError, match=cause):
        export(rows, f"{tmp_path}/{name}", table=table)


@pytest.mark.parametrize("name", ["c.parquet", "c/"])
def test_a_value_that_parquet_has_no_place_for_is_told(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportError, match=r"\.parquet can't hold these values") as told:
        export(pd.DataFrame({"a": [{}]}), f"{tmp_path}/{name}")
    assert ".)" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_an_integer_that_sqlite_has_no_place_for_is_told(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": pd.array([2**64 - 1], "UInt64")})
    with pytest.raises(ExportError, match="an integer is beyond its 64 bits"):
        export(rows, f"sqlite:///{tmp_path}/w.db", table="t")


def test_a_short_password_masks_no_words() -> None:
    # Nobody listens on port 1.
    with pytest.raises(ExportError) as told:
        export(ROWS, "postgresql://me:a@127.0.0.1:1/shop", table="t")
    assert str(told.value).startswith("can't write to postgresql://me:***@127.0.0.1:1/")
    assert "***" not in str(told.value).partition("shop")[2]
    assert "failed" in str(told.value)


def test_a_folder_behind_a_url_need_not_exist(tmp_path: Path) -> None:
    times = pd.to_datetime(["2026-01-15", "2026-02-15"], utc=True)
    rows = pd.DataFrame({"id": ["a", "b"], "created": times})
    export(rows, f"file://{tmp_path}/lake/")
    held = duckdb.read_parquet(f"{tmp_path}/lake/*/*.parquet").project("id")
    assert sorted(held.fetchall()) == [("a",), ("b",)]


@pytest.mark.parametrize("account", ["", " ", "acct_1\n", "acct_1\r\nX: y", 5])
def test_an_account_that_is_no_id_is_told(account: str) -> None:
    # An empty one would read one's own account in the place of another's.
    with pytest.raises(FrameError, match="is no id such as"):
        Selection(resource="customers", account=account)


def test_a_resource_without_a_name_is_told() -> None:
    with pytest.raises(FrameError, match="the resource needs a name"):
        Selection(resource=" ")


def test_a_span_is_told_as_it_was_given() -> None:
    with pytest.raises(FrameError, match=r"created=\('2026-02-01', '2026-01-01'\)"):
        bounds_of("created", ("2026-02-01", "2026-01-01"))


@pytest.mark.parametrize("option", ["--created", "--fields", "--expand", "--account"])
def test_an_empty_option_is_no_leave_to_write_all(tmp_path: Path, option: str) -> None:
    path = tmp_path / "c.csv"
    done = CliRunner().invoke(main, ["export", "customers", str(path), option, ""])
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    assert not path.exists()
