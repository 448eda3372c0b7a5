"""What an export says of itself: how its rows came about, and if they are all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stripe_nb.clock import wall_time
from stripe_nb.export.replacing import replacing
from stripe_nb.frames.window import iso

__all__ = ["certificate_of", "sidecar", "write_certificate"]

# Of a frame's attrs: what the certificate says in words of its own.
_LEFT_OUT = frozenset({"amounts", "certificate"})


def certificate_of(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the certificate of rows with such a frame's ``attrs``."""
    said = {name: value for name, value in attrs.items() if name not in _LEFT_OUT}
    return {**said, **attrs.get("certificate", {})}


def sidecar(target: Path) -> Path:
    """Return where the certificate of a file lies: beside it.

    Examples
    --------
    >>> sidecar(Path("a.csv")).name
    'a.csv.certificate.json'
    """
    return target.with_name(f"{target.name}.certificate.json")


def write_certificate(
    place: Path, certificate: Mapping[str, Any] | None, **also: Any
) -> None:
    """Write a certificate; without one, remove that of former rows."""
    if certificate is None:
        place.unlink(missing_ok=True)
        return
    whole = {**certificate, "written_at": iso(int(wall_time())), **also}
    with replacing(place) as file:
        file.write(json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n")
