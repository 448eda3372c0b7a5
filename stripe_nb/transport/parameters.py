"""Reads the parameters of a request that is about to be sent.

The SDK hands its HTTP client text: a query, a form or JSON. Here it becomes the
nested values again that the caller wrote, for those who look at requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

__all__ = ["parameters"]

_PART = re.compile(r"\[([^\]]*)\]")


def parameters(
    url: str, headers: Mapping[str, str], body: object
) -> dict[str, Any] | None:
    """Return what a request asks for; None if it says nothing or sends a file.

    Parameters
    ----------
    url
        Its URL, with the query if there is one.
    headers
        Its headers.
    body
        Its body, as the SDK encoded it.

    Examples
    --------
    >>> parameters("/v1/prices?limit=3&expand[0]=data.product", {}, None)
    {'limit': '3', 'expand': ['data.product']}
    """
    kinds = [str(each) for name, each in headers.items() if _is_kind(name)]
    text = _text(body) if not any("multipart" in kind for kind in kinds) else None
    if text and any("json" in kind for kind in kinds):
        return _json(text)
    return _nested(urlsplit(url).query, text or "")


def _is_kind(name: str) -> bool:
    return name.lower() == "content-type"


def _text(body: object) -> str | None:
    if isinstance(body, bytes | bytearray):
        return body.decode("utf-8", "replace")
    return body if isinstance(body, str) else None


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _nested(*encoded: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for text in encoded:
        for name, value in parse_qsl(text, keep_blank_values=True):
            _put(found, _path(name), value)
    return {name: _listed(value) for name, value in found.items()} or None


def _path(name: str) -> list[str]:
    return [name.partition("[")[0], *_PART.findall(name)]


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = into.get(part)
        into[part] = inner if isinstance(inner, dict) else {}
        into = into[part]
    into[path[-1] or str(len(into))] = value


def _listed(value: Any) -> Any:
    """Turn mappings that count from 0 into lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner
