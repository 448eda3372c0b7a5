"""Multipart forms, as uploads come in: names, and bytes that are left as they are.

https://www.rfc-editor.org/rfc/rfc7578. What a part says of its kind changes
nothing here: a mail that is uploaded, or a form, is a file like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import HTTP
from itertools import pairwise
from typing import NamedTuple

from stripe_nb.sandbox.errors import InvalidRequest

__all__ = ["Part", "parts"]

_MOST_PARTS = 1000


class Part(NamedTuple):
    """One part of a form; `filename` is ``None`` where it is no file."""

    name: str
    filename: str | None
    content: bytes


def parts(content_type: str, body: bytes) -> Iterator[Part]:
    r"""Give the parts of a form, in their order.

    Parameters
    ----------
    content_type
        As the request's header says it, with the boundary.
    body
        The form.

    Raises
    ------
    InvalidRequest
        If it is no such form, or one of too many parts.

    Examples
    --------
    >>> part = b"Content-Disposition: form-data; name=a\r\n\r\n1"
    >>> form = b"--x\r\n" + part + b"\r\n--x--"
    >>> next(parts("multipart/form-data; boundary=x", form))
    Part(name='a', filename=None, content=b'1')
    """
    for start, end in pairwise(_delimiters(_boundary(content_type), body)):
        head, blank, content = body[start.end() : end.start()].partition(b"\r\n\r\n")
        if not blank:
            raise _unreadable()
        yield _part(head, content)


def _boundary(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    found = header.get_param("boundary")
    if not isinstance(found, str) or not found:
        raise _unreadable()
    return found


def _delimiters(boundary: str, body: bytes) -> list[re.Match[bytes]]:
    """Return the lines between the parts, up to the one that ends the form."""
    line = re.escape(boundary.encode("utf-8", "surrogateescape"))
    delimiter = re.compile(rb"(?:\A|\r\n)--" + line + rb"(--)?[ \t]*(?=\r\n|\Z)")
    found = []
    for each in delimiter.finditer(body):
        found.append(each)
        if each[1]:
            return found
        if len(found) > _MOST_PARTS:
            raise InvalidRequest("Invalid request: the form has too many parts.")
    raise _unreadable()


def _part(head: bytes, content: bytes) -> Part:
    headers = BytesHeaderParser(policy=HTTP).parsebytes(head.lstrip(b"\r\n"))
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str) or not name:
        raise InvalidRequest("Invalid request: a part of the form has no name.")
    return Part(name, headers.get_filename(), content)


def _unreadable() -> InvalidRequest:
    return InvalidRequest("Invalid request: can't read the multipart form.")
