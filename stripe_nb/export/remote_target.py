"""A file or a folder on any store that fsspec knows: S3, GCS, Azure and more.

It is written here first and then taken there. A store of objects shows one only
when all of it has arrived; elsewhere a file has a temporary name until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any
from urllib.parse import urlsplit

from stripe_nb.catalog.cache import cache_folder
from stripe_nb.errors import ExportError, MissingDependencyError, StripeNbError
from stripe_nb.export.certificate import sidecar
from stripe_nb.export.file_target import FileTarget
from stripe_nb.export.folder_target import FolderTarget, is_part
from stripe_nb.export.registry import writer_for
from stripe_nb.export.request import Request
from stripe_nb.export.rows import Rows
from stripe_nb.ids import random_token
from stripe_nb.redaction import redact_password

__all__ = ["RemoteTarget", "is_there"]

_LONGEST_CAUSE = 300
# Their protocols, where what is put appears as a whole or not at all, and where
# another name would mean another copy.
_OF_OBJECTS = frozenset({"gcs", "gs", "s3", "s3a"})
# s3fs would hold ten parts of 50 MB in memory.
_S3_PARTS: dict[str, Any] = {"chunksize": 16 * 2**20, "max_concurrency": 4}


class RemoteTarget:
    """A file, or with a slash at its end a folder, behind an fsspec URL.

    Parameters
    ----------
    request
        Its `place` is the URL.

    Raises
    ------
    ExportError
        If the store can't be reached, or the file mustn't be replaced.
    MissingDependencyError
        If the store's package isn't installed.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._is_folder = request.place.endswith("/")
        self.shown: Path | str = _without_password(request.place)
        if not self._is_folder:
            name = PurePosixPath(urlsplit(request.place).path).name
            writer_for(name or urlsplit(request.place).hostname or "")
        with self._telling():
            self._store, path = _opened(request.place)
            self._path = path.rstrip("/")
            exists = self._store.exists(self._path)
        if exists and not request.overwrite:
            raise ExportError(
                f"{self.shown!r} exists already; give another name or overwrite=True."
            )

    def spool(self, name: str) -> Path:
        """Return where rows may rest until all are there."""
        return cache_folder() / "spools" / name

    def write(self, rows: Rows) -> None:
        """Write here, then take it there."""
        with TemporaryDirectory() as folder:
            here = Path(folder) / PurePosixPath(self._path).name
            place = f"{here}/" if self._is_folder else str(here)
            local = replace(self._request, place=place)
            target = FolderTarget(local) if self._is_folder else FileTarget(local)
            target.write(rows)
            with self._telling():
                if self._is_folder:
                    self._put_folder(here)
                else:
                    self._put_file(here)

    def _put_file(self, here: Path) -> None:
        self._put(here, self._path)
        beside = sidecar(here)
        there = f"{self._path}.certificate.json"
        if beside.exists():
            self._put(beside, there)
        elif self._store.exists(there):
            self._store.rm_file(there)

    def _put(self, here: Path, there: str) -> None:
        protocols = _protocols(self._store)
        if not protocols.isdisjoint(_OF_OBJECTS):
            parts = _S3_PARTS if "s3" in protocols else {}
            self._store.put_file(str(here), there, **parts)
            self._check(here, there)
            return
        parent, _, name = there.rpartition("/")
        draft = f"{parent}/.{name}.{random_token(8)}.part"
        try:
            self._store.put_file(str(here), draft)
            self._check(here, draft)
            self._store.mv(draft, there)
        except BaseException:
            with suppress(Exception):
                self._store.rm_file(draft)
            raise

    def _check(self, here: Path, there: str) -> None:
        """Take what has arrived in part away, as if nothing had."""
        size = self._store.info(there).get("size")
        if size is not None and size != here.stat().st_size:
            self._store.rm_file(there)
            raise ExportError(
                f"only {size:,} of {here.stat().st_size:,} bytes of {here.name!r} "
                f"arrived in {self.shown}; bring the store's package up to date."
            )

    def _put_folder(self, here: Path) -> None:
        """Take all parts there before the first older one goes.

        No store exchanges folders as a whole; the certificate comes last.
        """
        files = sorted(each for each in here.rglob("*") if each.is_file())
        older = self._store.find(self._path) if self._store.exists(self._path) else []
        arrived = []
        token = random_token(8)
        for file in sorted(files, key=lambda each: each.suffix != ".parquet"):
            relative = file.relative_to(here)
            if file.suffix == ".parquet":
                relative = relative.with_stem(f"{relative.stem}-{token}")
            arrived.append((file, f"{self._path}/{relative.as_posix()}"))
        for file, there in arrived:
            # Some stores, such as a disk, have folders that must be made.
            self._store.makedirs(there.rpartition("/")[0], exist_ok=True)
            self._put(file, there)
        kept = {there for _, there in arrived}
        for path in older:
            if path not in kept and _is_part(path, self._path):
                self._store.rm_file(path)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (StripeNbError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001
            # Each store has errors of its own; what they say may hold the URL.
            said = " ".join(str(error).split()) or type(error).__name__
            cause = shorten(said, _LONGEST_CAUSE, placeholder=" …").rstrip(".:")
            cause = cause.replace(self._request.place, str(self.shown))
            cause = redact_password(cause, urlsplit(self._request.place).password)
            raise ExportError(f"can't write to {self.shown}: {cause}.") from None


def _protocols(store: Any) -> frozenset[str]:
    named = store.protocol
    return frozenset([named] if isinstance(named, str) else named)


def is_there(url: str) -> bool:
    """Tell whether a store has what a URL names."""
    store, path = _opened(url)
    return bool(store.exists(path.rstrip("/")))


def _is_part(path: str, folder: str) -> bool:
    inside = path.removeprefix(folder).lstrip("/")
    return is_part(inside.partition("/")[0])


def _opened(url: str) -> tuple[Any, str]:
    # Here and not above: formats are found by importing every module.
    try:
        import fsspec
    except ImportError as error:
        raise MissingDependencyError("fsspec", "remote") from error
    try:
        store, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ExportError(
            f"{urlsplit(url).scheme}:// needs a package of its own: {error}."
        ) from error
    return store, str(path)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:***@{host}").geturl()
