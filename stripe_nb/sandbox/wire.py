"""Requests, responses, and the form encoding of Stripe's v1 API.

Knows nothing of operations: it turns ``items[0][price]=x`` into nested
dictionaries, and `params` then gives them their types.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.multipart import Part, parts

__all__ = [
    "Download",
    "Json",
    "Request",
    "Response",
    "Upload",
    "decode_form",
    "decode_parameters",
    "encode_form",
]

Json = dict[str, Any]

_MOST_PARAMETERS = 20_000
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    # The key and what is paid with are in these: no log or traceback shows them.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a request brought; its content is base64, as it is kept."""

    filename: str
    content: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a handler answers in the place of JSON."""

    filename: str
    type: str
    content: bytes


def decode_parameters(request: Request, *, json: bool = False) -> Json:
    """Return all that a request says, from its query and its body.

    Parameters
    ----------
    request
        The request.
    json
        Whether its body is JSON, as in the v2 API.

    Raises
    ------
    InvalidRequest
        If the body can't be read.
    """
    tree = decode_form(request.query)
    if not request.body:
        return tree
    kind = request.headers.get("content-type", "")
    if json:
        return {**tree, **_decode_json(request.body)}
    if kind.startswith("multipart/form-data"):
        return {**tree, **_decode_multipart(kind, request.body)}
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None
    return decode_form(f"{request.query}&{body}" if request.query else body)


def _decode_json(body: bytes) -> Json:
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("Invalid request: the body must be a JSON object.")
    if _is_deep(value):
        raise InvalidRequest("Invalid request: the body is nested too deeply.")
    return value


def _is_deep(value: Json) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def decode_form(text: str) -> Json:
    """Decode a query string or form body into nested dictionaries.

    A segment ``[]`` appends to a list; numbered segments stay dictionary keys,
    since only the parameter's type tells a list from a map.

    Parameters
    ----------
    text
        Form-encoded text with brackets, plain or percent-encoded.

    Raises
    ------
    InvalidRequest
        If it is not UTF-8, too large, too deep, or says two kinds of thing
        about one name.

    Examples
    --------
    >>> decode_form("a[b]=1&c[]=2&c[]=3&d[0][e]=4")
    {'a': {'b': '1'}, 'c': ['2', '3'], 'd': {'0': {'e': '4'}}}
    """
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except ValueError:
        raise InvalidRequest("Invalid request: too many parameters.") from None
    tree: Json = {}
    for key, value in pairs:
        _put(tree, _segments(key), value, key)
    return tree


def _decode_multipart(content_type: str, body: bytes) -> Json:
    """Decode a multipart form: files become `Upload`, the rest is as in a form."""
    tree: Json = {}
    for part in parts(content_type, body):
        _put(tree, _segments(part.name), _value(part), part.name)
    return tree


def _value(part: Part) -> Upload | str:
    if part.filename is not None:
        return Upload(part.filename, b64encode(part.content).decode())
    try:
        return part.content.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _not_utf8() -> InvalidRequest:
    return InvalidRequest("Invalid request: parameters must be encoded as UTF-8.")


def _segments(key: str) -> list[str]:
    head, bracket, rest = key.partition("[")
    if not bracket or not head:
        return [key]
    segments = [head, *rest.removesuffix("]").split("][")]
    if len(segments) > _DEEPEST:
        raise InvalidRequest(
            f"Invalid request: {head} is nested too deeply.", param=head
        )
    return segments


def _put(node: Json, segments: list[str], value: Any, key: str) -> None:
    for here, following in pairwise(segments):
        if here == "":
            raise InvalidRequest(f"Invalid request: can't read {key}.", param=key)
        wanted: type[Any] = list if following == "" else dict
        child: Any = node.setdefault(here, wanted())
        if not isinstance(child, wanted):
            raise InvalidRequest(
                f"Invalid request: {key} gives {here} in two ways.", param=segments[0]
            )
        if isinstance(child, list):
            _append(child, segments[segments.index("") + 1 :], value, key)
            return
        node = child
    if isinstance(node.get(segments[-1]), dict | list):
        raise InvalidRequest(
            f"Invalid request: {key} is given in two ways.", param=segments[0]
        )
    node[segments[-1]] = value


def _append(items: list[Any], rest: list[str], value: Any, key: str) -> None:
    """Append to ``a[]``; ``a[][b]`` goes on in the last item until b repeats."""
    if not rest:
        items.append(value)
        return
    if "" in rest:
        raise InvalidRequest(f"Invalid request: can't read {key}.", param=key)
    if not items or not isinstance(items[-1], dict) or _has(items[-1], rest):
        items.append({})
    _put(items[-1], rest, value, key)


def _has(node: Any, path: list[str]) -> bool:
    for segment in path:
        if not isinstance(node, dict) or segment not in node:
            return False
        node = node[segment]
    return True


def encode_form(tree: Mapping[str, Any]) -> str:
    """Encode nested dictionaries and lists as a form, the way Stripe's SDKs do.

    Examples
    --------
    >>> encode_form({"a": {"b": True}, "c": [1]})
    'a%5Bb%5D=true&c%5B0%5D=1'
    """
    return urlencode(list(_pairs(tree, "")))


def _pairs(node: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _pairs(value, f"{name}[{key}]" if name else str(key))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _pairs(value, f"{name}[{index}]")
    elif isinstance(node, bool):
        yield name, "true" if node else "false"
    else:
        yield name, "" if node is None else str(node)
