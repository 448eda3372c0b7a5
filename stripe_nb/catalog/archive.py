"""The catalog as one blob of bytes that is cheap to open.

An index says what exists and where; each record is its own deflated JSON, so
that opening costs the index alone and a record is decoded on first use.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stripe_nb.catalog.codec import decode_fields, encode_fields
from stripe_nb.catalog.model import Operation, Resource

if TYPE_CHECKING:
    from stripe_nb.catalog.derive import Derived

__all__ = ["Archive", "ArchiveError", "pack"]

_MAGIC = b"snbcat01"
# key (SHA-256), CRC-32 of all that follows, length of the index
_HEADER = struct.Struct("<8s32sII")
_LEVEL = 6


class ArchiveError(Exception):
    """The bytes are no archive, are damaged, or belong to another key."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive.

    Attributes
    ----------
    index
        ``api_version``, ``api_versions``, ``event_types``, ``thin_event_types``,
        ``aliases``;
        ``resources``: name to start and end; ``operations``: name to method,
        path, start and end.
    body
        The records.
    """

    index: Mapping[str, Any]
    body: memoryview

    @classmethod
    def open(cls, data: bytes, key: bytes) -> Archive:
        """Check and open.

        Parameters
        ----------
        data
            What `pack` returned.
        key
            What it was packed for.

        Raises
        ------
        ArchiveError
            If it was packed for something else, or is damaged.
        """
        if len(data) < _HEADER.size:
            raise ArchiveError("it is cut off")
        magic, found, checksum, length = _HEADER.unpack_from(data)
        if (magic, found) != (_MAGIC, key):
            raise ArchiveError("it was made for another version")
        rest = memoryview(data)[_HEADER.size :]
        if zlib.crc32(rest) != checksum:
            raise ArchiveError("it is damaged")
        return cls(_inflate(rest[:length]), rest[length:])

    def resource(self, name: str) -> Resource:
        """Return a resource by its exact object name."""
        record = self._record(*self.index["resources"][name])
        return Resource(
            name=name,
            fields=decode_fields(record["fields"]),
            plural=record["plural"],
            list_operation=record["list"],
            search_operation=record["search"],
            operations=tuple(record["operations"]),
            id_prefix=record["prefix"],
            deleted_fields=tuple(record["deleted"]),
            doc=record["doc"],
        )

    def operation(self, name: str) -> Operation:
        """Return an operation by its exact name."""
        method, path, start, end = self.index["operations"][name]
        record = self._record(start, end)
        return Operation(
            name=name,
            action=name.rpartition(".")[2],
            method=method,
            path=path,
            path_parameters=tuple(record["path_parameters"]),
            parameters=decode_fields(record["parameters"]),
            returns=record["returns"],
            answer=record["answer"],
            host=record["host"],
            doc=record["doc"],
            variants=tuple(record["variants"]),
        )

    def _record(self, start: int, end: int) -> Any:
        return _inflate(self.body[start:end])


def pack(derived: Derived, key: bytes) -> bytes:
    """Return a catalog as bytes.

    Parameters
    ----------
    derived
        The catalog.
    key
        SHA-256 digest of all that it depends on.
    """
    body = bytearray()
    index = {
        "api_version": derived.api_version,
        "api_versions": derived.api_versions,
        "event_types": derived.event_types,
        "thin_event_types": derived.thin_event_types,
        "aliases": dict(derived.aliases),
        "resources": {
            name: _append(body, _resource_record(resource))
            for name, resource in derived.resources.items()
        },
        "operations": {
            name: [op.method, op.path, *_append(body, _operation_record(op))]
            for name, op in derived.operations.items()
        },
    }
    packed = _deflate(index)
    rest = packed + bytes(body)
    return _HEADER.pack(_MAGIC, key, zlib.crc32(rest), len(packed)) + rest


def _append(body: bytearray, record: Any) -> Iterable[int]:
    start = len(body)
    body += _deflate(record)
    return [start, len(body)]


def _resource_record(resource: Resource) -> dict[str, Any]:
    return {
        "fields": encode_fields(resource.fields),
        "plural": resource.plural,
        "list": resource.list_operation,
        "search": resource.search_operation,
        "operations": resource.operations,
        "prefix": resource.id_prefix,
        "deleted": resource.deleted_fields,
        "doc": resource.doc,
    }


def _operation_record(operation: Operation) -> dict[str, Any]:
    return {
        "path_parameters": operation.path_parameters,
        "parameters": encode_fields(operation.parameters),
        "returns": operation.returns,
        "answer": operation.answer,
        "host": operation.host,
        "doc": operation.doc,
        "variants": operation.variants,
    }


def _deflate(value: Any) -> bytes:
    return zlib.compress(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), _LEVEL
    )


def _inflate(data: memoryview) -> Any:
    return json.loads(zlib.decompress(data))
