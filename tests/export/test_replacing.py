"""Files that are whole as soon as they are there, whatever ends their making."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from stripe_nb.export.replacing import appearing
from stripe_nb.export.warehouses.duck import DuckWarehouse

_MAKES = 20
_MAKING = """
import sys
from contextlib import suppress
from pathlib import Path
from stripe_nb.export.warehouses.duck import DuckWarehouse
for number in range(int(sys.argv[2])):
    with DuckWarehouse(Path(sys.argv[1], f"{number}.duckdb")):
        pass
"""


def test_a_new_database_is_whole_when_it_is_first_seen(tmp_path: Path) -> None:
    # A kill leaves what is there at that moment.
    paths = [tmp_path / f"{number}.duckdb" for number in range(_MAKES)]
    command = [sys.executable, "-c", _MAKING, str(tmp_path), str(_MAKES)]
    with subprocess.Popen(command) as making:
        seen = [_first_size(path, making) for path in paths]
    assert seen == [path.stat().st_size for path in paths]


def _first_size(path: Path, making: subprocess.Popen[bytes]) -> int:
    while making.poll() is None:
        with suppress(FileNotFoundError):
            return path.stat().st_size
    return path.stat().st_size


def test_a_file_that_another_made_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "w.txt"
    with appearing(target) as draft:
        draft.write_text("ours")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_appears_where_links_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with appearing(tmp_path / "w.txt") as draft:
        draft.write_text("ours")
    assert [path.name for path in tmp_path.iterdir()] == ["w.txt"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with appearing(tmp_path / "w.txt") as draft:
            draft.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_new_database_is_nothing_but_itself(tmp_path: Path) -> None:
    with DuckWarehouse(tmp_path / "w.duckdb") as made:
        made.execute("create table t (a integer)")
    assert [path.name for path in tmp_path.iterdir()] == ["w.duckdb"]
