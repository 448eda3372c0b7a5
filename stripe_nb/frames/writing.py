"""Pieces of JSON written as canonical text, quickly where they are alike.

What stands at one place of a list's objects has much the same fields in each.
So they are learned from the first, in sorted order, and what follows is read
into types and written from them: no dictionary is made, and no key is sorted
again. What doesn't fit is learned as well, or written by way of dictionaries,
with the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
import orjson

from stripe_nb.frames.objects import canonical_json

__all__ = ["Writer"]

# So many pieces are looked at each time.
_LOOK = 10
# Of so few it isn't said whether pieces are ever equal.
_FEW = 100
# What still brings fields that are new after so many looks is a map of any keys.
_MOST_LOOKS = 32
_MOST_FIELDS = 128
# The one map of Stripe's that has the same name everywhere.
_MAP = "metadata"

_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_ODD = (msgspec.MsgspecError, OverflowError, UnicodeDecodeError)


class Writer:
    """Writes what stands at one place, piece by piece.

    Examples
    --------
    >>> Writer().texts([b'{"type": "card", "card": null}', b"null", b"[2, 1]"])
    [b'{"card":null,"type":"card"}', None, b'[2,1]']
    """

    def __init__(self) -> None:
        self._seen = _Seen()
        self._looks = 0
        self._are_alike = True
        # There is one for each column, and not every one has something to write.
        self._decode: Callable[[bytes], Any]

    def texts(self, pieces: Sequence[bytes]) -> list[bytes | None]:
        """Return each piece as `canonical_json` would write it; None for a null.

        What is equal is written once, as long as any is.

        Raises
        ------
        orjson.JSONDecodeError
            If a piece is no JSON.
        """
        if not self._are_alike:
            return self._written(pieces)
        distinct = list(set(pieces))
        self._are_alike = len(distinct) < len(pieces) or len(pieces) < _FEW
        written = dict(zip(distinct, self._written(distinct), strict=True))
        return [written[piece] for piece in pieces]

    def _written(self, pieces: Sequence[bytes]) -> list[bytes | None]:
        texts: list[bytes | None] = []
        if not self._looks:
            self._look(pieces)
        while self._looks <= _MOST_LOOKS:
            try:
                for piece in islice(pieces, len(texts), None):
                    # One by one: what came before an odd one stays written.
                    texts.append(_text(self._decode(piece)))  # noqa: PERF401
            except _ODD:
                at = len(texts)
                self._look(pieces[at:])
                # Looked at or not, it may be more than the types can hold.
                texts.append(_plain(pieces[at]))
            else:
                return texts
        return texts + [_plain(piece) for piece in islice(pieces, len(texts), None)]

    def _look(self, pieces: Iterable[bytes]) -> None:
        self._looks += 1
        for piece in islice(pieces, _LOOK):
            self._seen.note(orjson.loads(piece))
        self._decode = msgspec.json.Decoder(self._seen.type()).decode


def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    # A text stays as it is.
    return value.encode() if type(value) is str else _ENCODE(value)


def _plain(piece: bytes) -> bytes | None:
    value = orjson.loads(piece)
    return None if value is None else canonical_json(value).encode()


@dataclass(slots=True)
class _Seen:
    """What was seen at one place."""

    fields: dict[str, _Seen] = field(default_factory=dict)
    items: _Seen | None = None
    is_other: bool = False

    def note(self, value: Any) -> None:
        if type(value) is dict:
            for name, part in value.items():
                if name not in self.fields:
                    self.fields[name] = _Seen(is_other=name == _MAP)
                self.fields[name].note(part)
        elif type(value) is list:
            self.items = self.items or _Seen()
            for item in value:
                self.items.note(item)
        elif value is not None:
            self.is_other = True

    def type(self) -> Any:
        """Return the type to read such values as."""
        if self.is_other or (self.items and self.fields):
            return Any
        if self.items:
            inner: Any = self.items.type()
            return Any if inner is Any else list[inner] | None
        if self.fields and len(self.fields) <= _MOST_FIELDS:
            return self._record()
        return Any

    def _record(self) -> Any:
        fields, names = [], {}
        for number, name in enumerate(sorted(self.fields)):
            attribute = f"field_{number}"
            names[attribute] = name
            kind = self.fields[name].type()
            typed = kind if kind is Any else kind | msgspec.UnsetType
            fields.append((attribute, typed, msgspec.UNSET))
        try:
            record = msgspec.defstruct(
                "Written", fields, rename=names, forbid_unknown_fields=True, gc=False
            )
        except ValueError:
            # A name with a quotation mark, as only a map's key may have.
            return Any
        return record | None
