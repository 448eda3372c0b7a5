"""Requests made from the schema of every operation, right and wrong."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from stripe_nb.catalog import Field, Kind, Operation, Type
from stripe_nb.sandbox.wire import Request, Response, encode_form

ODD = ("", "abc", "-1", "9" * 25, "true", "null", "\x00", "é")
TEXTS = ("x", "usd", "eur", "US", "a@example.com", "tok_visa", "pm_card_visa")
INTEGERS = (0, 1, 5, 100, 2000, 1_768_467_600, 1_900_000_000, -5)
DEEP = 2


class Requests:
    """Makes requests; remembers the objects that came of them."""

    def __init__(self, seed: int, key: str) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # no secrets come of it
        self.key = key
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.simple: Mapping[Kind, Callable[[Type], Any]] = {
            Kind.INTEGER: lambda _: self.dice.choice(INTEGERS),
            Kind.NUMBER: lambda _: self.dice.choice(("0", "12.5", "100", "-1")),
            Kind.DECIMAL: lambda _: self.dice.choice(("0", "12.5", "100", "-1")),
            Kind.BOOLEAN: lambda _: self.dice.choice(("true", "false")),
            Kind.ENUM: lambda wanted: self.dice.choice(wanted.values or ("x",)),
            Kind.MAP: lambda _: {"a": "b"},
        }

    def make(self, operation: Operation) -> Request:
        params = self.fields(operation.parameters, 0)
        path = operation.path
        for name in operation.path_parameters:
            known = self.ids.get(name) or self.ids.get(operation.returns)
            path = path.replace(f"{{{name}}}", self.dice.choice(known or ["x_1"]))
        headers = {"authorization": f"Bearer {self.key}"}
        form, json = encode_form(params), operation.version == "v2"
        if operation.method != "post":
            return Request(operation.method.upper(), path, form, headers)
        body = orjson.dumps(params) if json else form.encode()
        return Request("POST", path, "", headers, body)

    def fields(self, fields: Mapping[str, Field], depth: int) -> dict[str, Any]:
        share = 0.25 if depth < DEEP else 0.1
        return {
            name: self.value(field.type, name, depth)
            for name, field in fields.items()
            if field.required or self.dice.random() < share
        }

    def value(self, wanted: Type, name: str, depth: int) -> Any:
        if self.dice.random() < 0.06:
            return self.dice.choice(ODD)
        if wanted.kind in self.simple:
            return self.simple[wanted.kind](wanted)
        if wanted.kind is Kind.OBJECT:
            return self.fields(wanted.fields, depth + 1)
        if wanted.kind is Kind.UNION:
            return self.value(self.dice.choice(wanted.options), name, depth + 1)
        if wanted.kind is Kind.LIST and wanted.item:
            count = self.dice.choice((0, 1, 1, 2))
            return [self.value(wanted.item, name, depth + 1) for _ in range(count)]
        return self.dice.choice(self.ids.get(name) or TEXTS)

    def learn(self, answer: Response) -> None:
        if answer.status != 200 or answer.headers["Content-Type"][-4:] != "json":
            return
        obj = orjson.loads(answer.body)
        if isinstance(obj.get("id"), str) and not obj.get("deleted"):
            self.ids[obj.get("object", "")].append(obj["id"])
