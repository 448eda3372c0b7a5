"""Keeps the derived catalog on disk, one file per version of the SDK.

The file's key is a digest of everything that the derivation depends on, so
that it can be wrong only by damage, which a checksum tells. A cache that
can't be read or written costs time, never an error.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from stripe_nb.catalog import facts
from stripe_nb.catalog.archive import Archive, ArchiveError, pack
from stripe_nb.catalog.derive_source import Source, find_sdk
from stripe_nb.paths import data_path

__all__ = ["cache_folder", "open_archive"]

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of the cache.

    The environment variable ``STRIPE_NB_CACHE_DIR`` overrides the user's
    cache folder of the platform.
    """
    chosen = os.environ.get("STRIPE_NB_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("stripe_nb")


def open_archive(sdk: Path | None = None) -> Archive:
    """Return the catalog of an SDK, derived anew only where it must be.

    Parameters
    ----------
    sdk
        The folder of a ``stripe`` package; the installed one if not given.
    """
    source = Source(sdk or find_sdk())
    key = _key(source)
    file = cache_folder() / f"catalog-{source.version}.bin"
    try:
        return Archive.open(file.read_bytes(), key)
    except FileNotFoundError:
        pass
    except (OSError, ArchiveError) as error:
        _log.info("The catalog's cache %s is not used: %s.", file, error)
    # Late, since most processes find the cache and never derive.
    from stripe_nb.catalog.derive import derive

    with _collector_paused():
        data = pack(derive(source), key)
    _write(file, data)
    return Archive.open(data, key)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Spare the collector millions of syntax nodes, which halves the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _key(source: Source) -> bytes:
    """Return a digest of the SDK's version, the derivation and its facts."""
    digest = hashlib.sha256(source.version.encode())
    folder = Path(__file__).parent
    for path in (*sorted(folder.glob("*.py")), data_path(facts.PRESENCE_FILE)):
        digest.update(path.read_bytes())
    return digest.digest()


def _write(file: Path, data: bytes) -> None:
    """Put a file in its place in one step, so that no reader sees half of it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.stem)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        _log.warning(
            "The catalog can't be kept in %s (%s), so each process derives it "
            "anew; set STRIPE_NB_CACHE_DIR to a folder that can be written.",
            file.parent,
            error,
        )
