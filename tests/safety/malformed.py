"""Malformed requests, byte by byte: a right one from the schema, and then spoiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote_from_bytes

from stripe_nb.catalog import Operation
from stripe_nb.sandbox.pages import routes
from stripe_nb.sandbox.wire import Request

from .schema_requests import Requests

ODD_BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"%",
    b"%zz",
    b"[",
    b"][",
    b"&=&",
    b"\xed\xa0",
)
KINDS = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary*=utf-8''%ff",
    "text/plain; charset=utf-16",
    "",
)
HEADERS = (
    ("Idempotency-Key", ("", "k", "k" * 300, "\x01", "é")),
    ("Stripe-Version", ("", "2019-01-01", "2026-10-28.endive", "x", "2024-06-20", "é")),
    ("Stripe-Account", ("acct_1", "", "é", "a" * 5000)),
    ("Stripe-Context", ("acct_1/acct_2", "/", "é")),
    ("Authorization", ("Basic é", "Basic !!!", "Bearer", "Bearer pk_test_" + "a" * 24)),
    ("Content-Encoding", ("gzip",)),
    ("Accept", ("\x7f",)),
    ("Host", ("x:y", "127.0.0.1")),
    ("Origin", ("http://[", "http://localhost:1")),
    ("Expect", ("100-continue", "x")),
    ("Upgrade", ("websocket", "h2c")),
    ("User-Agent", ("Stripe/v1 PythonBindings/16.1.0",)),
    ("Range", ("bytes=0-",)),
)


class Malformed:
    """Makes requests that are wrong in one way or in several.

    Parameters
    ----------
    seed
        Equal seeds make equal requests.
    key
        Of the sandbox.
    operations
        What is asked for.
    """

    def __init__(self, seed: int, key: str, operations: Sequence[Operation]) -> None:
        self.right = Requests(seed, key)
        self.dice = self.right.dice
        self.operations = operations
        self.spoilers: Sequence[Callable[[Request], bytes]] = (
            self.raw,
            self.raw,
            self.raw,
            self.odd_headers,
            self.odd_headers,
            self.odd_parameters,
            self.odd_parameters,
            self.odd_path,
            self.odd_page,
            self.bomb,
            self.form_of_parts,
            self.spoiled_bytes,
            self.spoiled_bytes,
            self.wrong_length,
            self.chunks,
            self.large,
        )

    def make(self) -> bytes:
        """Return one request."""
        request = self.right.make(self.dice.choice(self.operations))
        return self.dice.choice(self.spoilers)(request)

    def raw(
        self,
        request: Request,
        *,
        body: bytes | None = None,
        kind: str = KINDS[0],
        more: Mapping[str, str] | None = None,
    ) -> bytes:
        """Write a request as it is sent; the connection ends with its answer."""
        body = request.body if body is None else body
        headers = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {self.right.key}",
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            **(more or {}),
        }
        path = request.path + (f"?{request.query}" if request.query else "")
        head = [
            f"{request.method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body

    def odd_headers(self, request: Request) -> bytes:
        chosen = self.dice.sample(HEADERS, self.dice.choice((1, 1, 2, 3)))
        more = {name: self.dice.choice(values) for name, values in chosen}
        return self.raw(request, kind=self.dice.choice(KINDS), more=more)

    def odd_parameters(self, request: Request) -> bytes:
        form = bytearray(request.body or request.query.encode())
        for _ in range(self.dice.choice((1, 2, 8))):
            place = self.dice.randrange(len(form) + 1)
            form[place:place] = self.odd_bytes()
        return self.raw(request, body=bytes(form))

    def odd_path(self, request: Request) -> bytes:
        place = self.dice.randrange(1, len(request.path) + 1)
        odd = quote_from_bytes(self.odd_bytes() + self.noise(3))
        path = request.path[:place] + odd + request.path[place:]
        return self.raw(Request(request.method, path, request.query, {}, request.body))

    def odd_page(self, request: Request) -> bytes:
        path, _ = self.dice.choice(routes.PAGES)
        for name in ("intent", "secret", "session", "account"):
            known = self.right.ids.get(
                "checkout.session" if name == "session" else name
            )
            path = path.replace(f"{{{name}}}", self.dice.choice(known or ["x", "%00"]))
        return self.raw(
            Request(request.method, path, "a=%ff&redirect_status", {}, self.noise(40))
        )

    def bomb(self, request: Request) -> bytes:
        depth = self.dice.choice((5, 19, 20, 21, 500, 5000))
        bombs = (
            b"metadata" + b"[a]" * depth + b"=1",
            b"expand" + b"[]" * depth + b"=1",
            b"&".join(b"expand[]=%d" % number for number in range(depth)),
            b"&".join(b"metadata[%d]=1" % number for number in range(depth)),
            b"expand[]=" + b".".join([b"customer"] * depth),
            b"items[%s][price]=1" % (b"9" * depth),
            b"amount=" + b"9" * depth,
            b'{"a":' * depth + b"1" + b"}" * depth,
            b'{"name":' + b"[" * depth + b"]" * depth + b"}",
        )
        kind = self.dice.choice(KINDS[:2])
        return self.raw(request, body=self.dice.choice(bombs), kind=kind)

    def form_of_parts(self, request: Request) -> bytes:
        head = self.dice.choice(
            (
                b'Content-Disposition: form-data; name="file"; filename="a.pdf"',
                b'Content-Disposition: form-data; name="purpose"',
                b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=x",
                b'Content-Disposition: form-data; name="file[a][]"; filename=""',
                b"Content-Disposition: " + self.noise(20),
                b"Content-Type: message/rfc822",
                self.noise(30),
            )
        )
        part = b"--x\r\n" + head + b"\r\n\r\n" + self.noise(50) + b"\r\n"
        body = part * self.dice.choice((0, 1, 2, 2000)) + self.dice.choice(
            (b"--x--\r\n", b"--x", b"", b"--x--x")
        )
        upload = Request("POST", self.dice.choice(("/v1/files", request.path)))
        return self.raw(upload, body=body, kind=self.dice.choice(KINDS[2:5]))

    def spoiled_bytes(self, request: Request) -> bytes:
        raw = bytearray(self.raw(request))
        for _ in range(self.dice.choice((1, 3, 10))):
            place = self.dice.randrange(len(raw))
            match self.dice.randrange(4):
                case 0:
                    raw[place] = self.dice.randrange(256)
                case 1:
                    raw[place:place] = self.odd_bytes()
                case 2:
                    del raw[place : place + self.dice.randrange(1, 30)]
                case _:
                    raw[place:place] = raw[place // 2 : place]
        return bytes(raw)

    def wrong_length(self, request: Request) -> bytes:
        length = self.dice.choice(("0", "1", "-1", "x", "9" * 30, "5, 6", "100000"))
        return self.raw(request, more={"Content-Length": length})

    def chunks(self, request: Request) -> bytes:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body)
        wrong = (
            body,
            b"zz\r\n",
            b"-1\r\n\r\n",
            body[:-2],
            b"fffffffffffffffff\r\na",
            b"",
        )
        chosen = {"Transfer-Encoding": self.dice.choice(("chunked", "gzip, chunked"))}
        raw = self.raw(request, body=self.dice.choice(wrong), more=chosen)
        return raw.replace(b"Content-Length", b"X-Length")

    def large(self, request: Request) -> bytes:
        if self.dice.random() < 0.98:
            return self.bomb(request)
        size = self.dice.choice((100_000, 1_000_000, 5_000_000))
        filling = self.dice.choice((b"a", b"&", b"a=&", b"a[b]=1&", b"%41", b"\xff"))
        return self.raw(request, body=b"name=" + filling * (size // len(filling)))

    def odd_bytes(self) -> bytes:
        return self.dice.choice((*ODD_BYTES, self.noise(4)))

    def noise(self, most: int) -> bytes:
        return self.dice.randbytes(self.dice.randrange(most + 1))
