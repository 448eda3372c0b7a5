"""What is asked of an export: whereto, what of it, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be written, and how; see `export` for each.

    Attributes
    ----------
    place
        A path or a URL, as it was given.
    pull
        What a `Selection` takes beside the resource and the fields.
    """

    place: str
    fields: Sequence[str] | None = None
    pull: Mapping[str, Any] = field(default_factory=dict)
    table: str | None = None
    append: bool = False
    certificate: bool = True
    neutralise_formulas: bool = True
    overwrite: bool = True
    progress: bool | None = None
