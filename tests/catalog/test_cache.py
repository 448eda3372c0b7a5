from __future__ import annotations

import gc
import gzip
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stripe_nb.catalog import Catalog, cache, facts
from stripe_nb.catalog.archive import Archive, ArchiveError, pack
from stripe_nb.catalog.cache import cache_folder, open_archive
from stripe_nb.catalog.derive import Derived, derive
from stripe_nb.catalog.derive_source import Source, find_sdk
from stripe_nb.errors import CatalogError
from stripe_nb.paths import data_path

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def derived() -> Derived:
    return derive(Source(find_sdk()))


@pytest.fixture(scope="module")
def packed(derived: Derived) -> bytes:
    return pack(derived, KEY)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRIPE_NB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def derivations(
    folder: Path, derived: Derived, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Count derivations, whose result is known already."""
    counted: list[str] = []

    def count(source: Source) -> Derived:
        counted.append(source.version)
        return derived

    monkeypatch.setattr("stripe_nb.catalog.derive.derive", count)
    return counted


def _only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_everything_survives_packing(derived: Derived, packed: bytes) -> None:
    archive = Archive.open(packed, KEY)
    names = list(derived.resources)
    assert [archive.resource(name) for name in names] == list(
        derived.resources.values()
    )
    assert [archive.operation(name) for name in derived.operations] == list(
        derived.operations.values()
    )
    assert archive.index["aliases"] == derived.aliases
    assert tuple(archive.index["api_versions"]) == derived.api_versions


def test_two_derivations_are_equal_byte_for_byte(packed: bytes) -> None:
    assert pack(derive(Source(find_sdk())), KEY) == packed


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda data: data[:0], "cut off"),
        (lambda data: data[:20], "cut off"),
        (lambda data: b"x" * len(data), "another version"),
        (lambda data: data[:-1], "damaged"),
        (lambda data: data[:5_000] + b"\0\0\0" + data[5_003:], "damaged"),
        (lambda data: data + b"\0", "damaged"),
    ],
    ids=["empty", "header cut", "foreign", "cut", "changed", "longer"],
)
def test_damaged_archive_is_refused(
    damage: Callable[[bytes], bytes], cause: str, packed: bytes
) -> None:
    with pytest.raises(ArchiveError, match=cause):
        Archive.open(damage(packed), KEY)


def test_archive_of_another_key_is_refused(packed: bytes) -> None:
    with pytest.raises(ArchiveError, match="another version"):
        Archive.open(packed, bytes(32))


def test_second_opening_reads_the_cache(folder: Path, derivations: list[str]) -> None:
    first = open_archive()
    second = open_archive()
    assert len(derivations) == 1
    assert bytes(first.body) == bytes(second.body)
    assert _only_file(folder).name == f"catalog-{derivations[0]}.bin"


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"snbcat01" + b"\0" * 500])
def test_corrupt_cache_is_derived_anew(
    content: bytes,
    folder: Path,
    derivations: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_archive()
    _only_file(folder).write_bytes(content)
    with caplog.at_level(logging.INFO):
        assert Catalog(open_archive()).resource("customer").name == "customer"
    assert "is not used" in caplog.text
    open_archive()
    assert len(derivations) == 2


def test_changed_facts_make_the_cache_stale(
    folder: Path,
    derivations: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_archive()
    changed = tmp_path / "presence"
    changed.write_bytes(b"other facts")
    monkeypatch.setattr(cache, "data_path", lambda _: changed)
    open_archive()
    assert len(derivations) == 2


def test_changed_derivation_makes_the_cache_stale(
    folder: Path,
    derivations: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_archive()
    copy = tmp_path / "catalog"
    shutil.copytree(Path(cache.__file__).parent, copy)
    with (copy / "derive_meaning.py").open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    monkeypatch.setattr(cache, "__file__", str(copy / "cache.py"))
    open_archive()
    assert len(derivations) == 2


def test_each_sdk_version_has_a_cache_of_its_own(
    folder: Path, derivations: list[str], tmp_path: Path
) -> None:
    for version in ("14.0.0", "15.0.0"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "_version.py").write_text(f'VERSION = "{version}"\n')
        open_archive(tmp_path / version)
    open_archive(tmp_path / "14.0.0")
    assert derivations == ["14.0.0", "15.0.0"]
    assert len(list(folder.iterdir())) == 2


def test_folder_that_cannot_be_made_is_tolerated(
    derivations: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("STRIPE_NB_CACHE_DIR", str(blocked / "cache"))
    assert Catalog(open_archive()).api_version
    assert "set STRIPE_NB_CACHE_DIR to a folder that can be written" in caplog.text
    open_archive()
    assert len(derivations) == 2


def test_full_disk_leaves_no_half_written_file(
    folder: Path, derivations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert Catalog(open_archive()).api_version
    assert list(folder.iterdir()) == []


def test_cache_is_in_the_users_folder_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STRIPE_NB_CACHE_DIR", raising=False)
    assert cache_folder().name == "stripe_nb"


def test_collector_is_running_after_a_derivation(derivations: list[str]) -> None:
    open_archive()
    assert gc.isenabled()


def test_collector_that_was_off_stays_off(derivations: list[str]) -> None:
    gc.disable()
    try:
        open_archive()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_missing_sdk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CatalogError, match="pip install stripe"):
        find_sdk()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"_version.py": "VERSION = None\n"}, "does not tell its version"),
        ({"_version.py": 'VERSION = "99.0"\n'}, "_object_classes can't be read"),
        (
            {
                "_version.py": 'VERSION = "99.0"\n',
                "_object_classes.py": "OBJECT_CLASSES = {'a': Account}\n",
            },
            "unknown form",
        ),
        (
            {
                "_version.py": 'VERSION = "99.0"\n',
                "_object_classes.py": "OBJECT_CLASSES = (\n",
            },
            "can't be read",
        ),
    ],
    ids=["no version", "no registry", "foreign registry", "no Python"],
)
def test_foreign_sdk_is_told(
    files: dict[str, str], message: str, folder: Path, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(CatalogError, match=message):
        open_archive(tmp_path)


def test_presence_data_names_its_source() -> None:
    packed = data_path(facts.PRESENCE_FILE).read_bytes()
    assert json.loads(gzip.decompress(packed))["source"].startswith("npm stripe@")
    # The header's four bytes of time are zero, so that packing again is equal.
    assert packed[4:8] == b"\0\0\0\0"
