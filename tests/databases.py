"""Databases as others see and hold them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import duckdb

__all__ = ["open_elsewhere", "query"]

_READER = """
import sys
import duckdb
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def query(place: str, sql: str) -> list[tuple[Any, ...]]:
    """Return what a database says."""
    if place.startswith("sqlite"):
        with closing(sqlite3.connect(place.removeprefix("sqlite:///"))) as database:
            return database.execute(sql).fetchall()
    with duckdb.connect(place) as database:
        # By way of Arrow, as DuckDB's own times need a package that isn't ours.
        table = database.sql(sql).to_arrow_table()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@contextmanager
def open_elsewhere(place: str) -> Iterator[subprocess.Popen[str]]:
    """Have another process read a DuckDB file until its input ends."""
    command = [sys.executable, "-c", _READER, place]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.communicate()
