"""Exports and syncs into a real PostgreSQL, which these tests start."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
import psycopg
import pytest

from stripe_nb.errors import ExportError, SyncError
from stripe_nb.export import export
from stripe_nb.export.warehouses.sql import shown_url
from stripe_nb.frames import frame, to_frame
from stripe_nb.session import Client
from stripe_nb.sync import engine, sync
from stripe_nb.sync.lock import only_one

PASSWORD = "p@ss/w0rd"


def _programs() -> Path:
    named = os.environ.get("POSTGRESQL")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if named is None and not found:
        pytest.skip("PostgreSQL is not installed; POSTGRESQL names its programs")
    return Path(named) if named else found[-1].parent


def _as_server(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*user, *map(str, command)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty database, whose password has to be quoted."""
    programs = _programs()
    folder = Path(mkdtemp(prefix="stripe-nb-postgresql-"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    data, port = folder / "data", _free_port()
    try:
        _as_server(
            programs / "initdb",
            *("-D", data, "-U", "me", "-A", "scram-sha-256", "--pwfile", secret),
            *("--no-sync", "-E", "UTF8"),
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        control = programs / "pg_ctl"
        log = folder / "log"
        _as_server(control, "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql://me:p%40ss%2Fw0rd@127.0.0.1:{port}/postgres"
        finally:
            _as_server(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another reader, to a database without tables."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def customers(client: Client) -> Client:
    client.v1.customers.create({"phone": "+1555", "metadata": {"50%": "yes"}})
    for number in range(12):
        client.v1.customers.create(
            {"name": f"=Zoë {number} 🦓", "metadata": {"Plan": "a", "plan": "b"}}
        )
    return client


def _ids(database: psycopg.Connection[Any], table: str) -> list[str]:
    rows = database.execute(f"select id from {table}".encode()).fetchall()
    return sorted(name for (name,) in rows)


def test_a_list_becomes_a_table_with_typed_columns(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    done = export("customers", server, client=customers)
    assert done == shown_url(server)
    assert PASSWORD not in str(done)
    expected = frame("customers", client=customers)
    columns = dict(
        database.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_name = 'customers'"
        ).fetchall()
    )
    assert len(columns) == len(expected.columns)
    assert columns["created"] == "timestamp with time zone"
    assert columns["balance"] == "bigint"
    assert columns["livemode"] == "boolean"
    assert columns["email"] == "text"
    rows = database.execute("select id, name, created, phone from customers").fetchall()
    held = pd.DataFrame(rows, columns=["id", "name", "created", "phone"])
    assert held["id"].tolist() == expected["id"].tolist()
    assert held["name"].tolist()[0] == expected["name"].tolist()[0]
    assert held["created"].tolist() == expected["created"].tolist()


def test_decimals_stay_exact(
    client: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    price = {
        "object": "price",
        "id": "price_1",
        "unit_amount_decimal": "0.000000000001",
    }
    export(to_frame([price]), server)
    found = database.execute("select unit_amount_decimal from prices").fetchone()
    assert found == (Decimal("0.000000000001"),)


def test_a_failure_leaves_the_older_table_whole(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    export("customers", server, client=customers)
    before = _ids(database, "customers")
    database.execute("create view readers as select id from customers")
    # A NUL is the one character that PostgreSQL has no place for.
    bad = pd.DataFrame({"id": ["a", "b\x00"]})
    with pytest.raises(ExportError, match="NUL") as caught:
        export(bad, server, table="customers")
    assert PASSWORD not in str(caught.value)
    assert _ids(database, "customers") == before


def test_views_on_a_table_stay(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    export("customers", server, client=customers)
    database.execute("create view readers as select id from customers")
    customers.v1.customers.create({"name": "New"})
    export("customers", server, client=customers)
    assert len(_ids(database, "readers")) == 14


def test_rows_are_added_and_new_columns_too(
    client: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    export(pd.DataFrame({"id": ["a"]}), server, table="odd%s:name")
    export(
        pd.DataFrame({"id": ["b"], 'a"b%(x)s:c': [1]}),
        server,
        table="odd%s:name",
        append=True,
    )
    found = database.execute(b'select * from "odd%s:name" order by id').fetchall()
    assert found == [("a", None), ("b", 1)]
    with pytest.raises(ExportError, match="exists already"):
        export(pd.DataFrame({"id": []}), server, table="odd%s:name", overwrite=False)


def test_the_certificate_tells_of_the_rows_that_are_there(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    for _ in range(2):
        export("customers", server, client=customers)
    sql = "select rows, certificate::json->>'resource' from stripe_nb_certificates"
    assert database.execute(sql).fetchall() == [(13, "customer")]


@pytest.mark.usefixtures("database")
def test_a_password_is_in_no_error(server: str) -> None:
    rows = pd.DataFrame({"a": [1]})
    wrong = server.replace("me:", "you:")
    for url in (
        wrong,
        server.replace("127.0.0.1", "127.0.0.1:x"),
        "sqlite:////no/x.db",
    ):
        with pytest.raises(ExportError) as caught:
            export(rows, url, table="t")
        told = f"{caught.value} {caught.value.__cause__}"
        assert PASSWORD not in told
        assert "p%40ss" not in told


def test_a_sync_follows_what_changes(
    customers: Client,
    server: str,
    database: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_FEW_ROWS", 0)
    assert sync("customers", server, client=customers)["mode"].tolist() == ["full"]
    first = customers.v1.customers.list({"limit": 2}).data
    customers.v1.customers.delete(first[0].id)
    customers.v1.customers.update(first[1].id, {"name": "Other"})
    assert sync("customers", server, client=customers)["mode"].tolist() == ["events"]
    gone = database.execute(
        "select id, deleted_at is not null from customers where is_deleted"
    ).fetchall()
    assert gone == [(first[0].id, True)]
    named = database.execute("select id from customers where name = 'Other'")
    assert named.fetchall() == [(first[1].id,)]
    states = database.execute("select status, mode from stripe_nb_runs").fetchall()
    assert sorted(states) == [("succeeded", "events"), ("succeeded", "full")]


def test_a_second_sync_says_that_one_is_running(
    client: Client,
    server: str,
    database: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with only_one(server, "it"):
        # As from another machine, where no file tells of the first.
        monkeypatch.setenv("STRIPE_NB_CACHE_DIR", str(tmp_path))
        with pytest.raises(SyncError, match="another sync of postgresql://me:"):
            sync("coupons", server, client=client)
    assert sync("coupons", server, client=client)["rows_there"].tolist() == [0]
    assert database.execute("select count(*) from coupons").fetchone() == (0,)


def test_a_sync_with_nothing_new_leaves_all_rows_alone(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    sql = "select id, xmin::text, created, balance from customers order by id"
    sync("customers", server, client=customers)
    before = database.execute(sql).fetchall()
    assert len(before) > 1
    assert all(row[2].utcoffset() == timedelta(0) for row in before)
    database.rollback()
    for _ in range(2):
        done = sync("customers", server, client=customers, full=True)
        assert done["rows_written"].tolist() == [0]
    assert database.execute(sql).fetchall() == before
    database.rollback()


def test_a_sync_keeps_types_and_rules_that_somebody_set(
    customers: Client, server: str, database: psycopg.Connection[Any]
) -> None:
    sync("customers", server, client=customers)
    database.execute("alter table customers alter balance type text")
    database.execute("alter table customers add primary key (id)")
    database.execute("create view balances as select id, balance from customers")
    database.commit()
    one = customers.v1.customers.list({"limit": 1}).data[0].id
    customers.v1.customers.update(one, {"balance": 5})
    for written in (1, 0):
        done = sync("customers", server, client=customers)
        assert done["rows_written"].tolist() == [written]
    sql = "select balance from balances where id = %s"
    assert database.execute(sql, [one]).fetchall() == [("5",)]
    database.rollback()
