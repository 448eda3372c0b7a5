"""`stripe-nb export` against a running sandbox."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from stripe_nb.cli import main
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import connect


@pytest.fixture
def joined(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Three customers, created a second apart, in a sandbox that commands join."""
    with connect(sandbox=sandbox) as client:
        for name in ("Ada", "Grace", "Mary"):
            client.v1.customers.create({"name": name})
    monkeypatch.setenv("STRIPE_NB_SANDBOX_URL", sandbox.url)
    return sandbox


def _export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def _names(path: Path) -> list[str]:
    rows = duckdb.execute(f"select name from '{path}'").fetchall()
    return [name for (name,) in rows]


@pytest.mark.parametrize("name", ["customers.csv", "customers.parquet"])
def test_export_writes_every_object(joined: Sandbox, tmp_path: Path, name: str) -> None:
    done = _export("customers", tmp_path / name)
    assert done.exit_code == 0, done.output
    assert sorted(_names(tmp_path / name)) == ["Ada", "Grace", "Mary"]
    assert str(tmp_path / name) in done.output


def test_limit_takes_the_newest(joined: Sandbox, tmp_path: Path) -> None:
    _export("customers", tmp_path / "newest.csv", "--limit", "1")
    assert _names(tmp_path / "newest.csv") == ["Mary"]


def test_fields_choose_the_columns(joined: Sandbox, tmp_path: Path) -> None:
    _export("customers", tmp_path / "some.csv", "--fields", "name, email")
    header, *_ = (tmp_path / "some.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header == '"name","email"'


@pytest.mark.parametrize(
    ("window", "count"),
    [("2026-01-01..2026-02-01", 3), ("..2026-01-01", 0), ("2026-02-01..", 0)],
)
def test_created_chooses_the_rows(
    joined: Sandbox, tmp_path: Path, window: str, count: int
) -> None:
    path = tmp_path / "window.parquet"
    done = _export("customers", path, "--created", window)
    assert done.exit_code == 0, done.output
    assert len(_names(path)) == count


@pytest.mark.parametrize(
    ("arguments", "status", "cause"),
    [
        (("custmers", "a.csv"), 1, "customers"),
        (("customers", "a.docx"), 1, "docx"),
        (("customers", "a.csv", "--created", "2026-01-01"), 2, "A..B"),
        (("customers", "a.csv", "--fields", "nmae"), 1, "nmae"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_named_and_leaves_no_file(
    joined: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    cause: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = _export(*arguments)
    assert done.exit_code == status
    assert cause in done.stderr
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_key_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "pk_test_" + "A1b2C3d4" * 3)
    done = _export("customers", tmp_path / "a.csv")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "publishable" in done.stderr
    assert "A1b2C3d4" not in done.output


def test_search_takes_what_stripe_finds(joined: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    done = _export("customers", path, "--search", "name:'Grace'")
    assert done.exit_code == 0, done.output
    assert _names(path) == ["Grace"]
