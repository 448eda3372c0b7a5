"""`stripe-nb sync`, and `export --all`, against a running sandbox."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from stripe_nb.cli import main
from stripe_nb.errors import OutOfReachError
from stripe_nb.export import warehouse_target
from stripe_nb.export.many import export_many
from stripe_nb.export.request import Request
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import connect


@pytest.fixture
def joined(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    with connect(sandbox=sandbox) as client:
        client.v1.customers.create({"name": "Ada"})
    monkeypatch.setenv("STRIPE_NB_SANDBOX_URL", sandbox.url)
    return sandbox


def test_sync_brings_tables_up_to_date(joined: Sandbox, tmp_path: Path) -> None:
    place = str(tmp_path / "w.duckdb")
    done = CliRunner().invoke(main, ["sync", "customers", "coupons", place])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "customers: 1 rows, 1 written, 0 marked as deleted (full)",
        "coupons: 0 rows, 0 written, 0 marked as deleted (full)",
    ]


def test_sync_of_a_file_is_refused(joined: Sandbox) -> None:
    done = CliRunner().invoke(main, ["sync", "customers", "a.csv"])
    assert done.exit_code == 1
    assert "needs a database" in done.stderr


def test_sync_without_a_target_says_what_to_give() -> None:
    done = CliRunner().invoke(main, ["sync", "customers"])
    assert done.exit_code == 2
    assert "give resources and a target" in done.stderr


@pytest.mark.parametrize("command", ["sync", "export"])
def test_a_live_key_is_told_with_the_option_that_takes_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_" + "A1b2C3d4" * 3)
    place = str(tmp_path / "w.duckdb")
    done = CliRunner().invoke(main, [command, "customers", place])
    assert done.exit_code == 1
    assert "On the command line, --live does so." in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_kept_after_a_failure_is_told(
    joined: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OutOfReachError("can't write 'w.duckdb': it is open elsewhere.")

    place = str(tmp_path / "w.duckdb")
    monkeypatch.setattr(warehouse_target, "certify", fail)
    done = CliRunner().invoke(main, ["export", "customers", place])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-2:] == [
        "Error: can't write 'w.duckdb': it is open elsewhere.",
        "What has been read is kept: the same export goes on from there.",
    ]


def test_several_lists_go_into_one_target(joined: Sandbox, tmp_path: Path) -> None:
    place = str(tmp_path / "w.duckdb")
    names = ["customers", "tax_codes", "checkout.sessions"]
    with connect(sandbox=joined):
        found = list(export_many(names, Request(place=place)))
        files = list(export_many(["customers"], Request(place=f"{tmp_path}/lake/")))
    assert [each.skipped is None for each in found] == [True, False, True]
    assert "Not simulated" in (found[1].skipped or "")
    with duckdb.connect(place) as database:
        tables = {name for (name,) in database.execute("show tables").fetchall()}
    assert tables == {"checkout_sessions", "customers", "stripe_nb_certificates"}
    assert files[0].written == f"{tmp_path}/lake/customers"
    assert list(tmp_path.glob("lake/customers/created_month=*/part-0.parquet"))


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--all", "a.csv"], "holds one list"),
        (["--all", "a.duckdb", "--fields", "id"], "takes whole lists"),
        (["--all", "a.duckdb", "--limit", "3"], "takes whole lists"),
        (["customers"], "give a resource and a target"),
    ],
    ids=str,
)
def test_all_needs_a_place_for_many(
    joined: Sandbox, arguments: list[str], cause: str
) -> None:
    done = CliRunner().invoke(main, ["export", *arguments])
    assert done.exit_code != 0
    assert cause in done.stderr
