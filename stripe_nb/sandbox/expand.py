"""``expand``: ids in an answer replaced by the objects that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox import shapes
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.wire import Json

__all__ = ["expand"]

_DEEPEST = 4
_ENVELOPES = ("list", "search_result")
_REFERENCES = (Kind.EXPANDABLE, Kind.UNION, Kind.ANY)


def expand(call: Call, answer: Json, paths: Iterable[str]) -> Json:
    """Replace ids by objects along dotted paths.

    Parameters
    ----------
    call
        The request, for its store.
    answer
        A Stripe object or a list of them; not changed.
    paths
        ``"customer"``, ``"data.latest_charge.balance_transaction"``.

    Raises
    ------
    InvalidRequest
        For a path that is too deep, or that names nothing to expand.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST:
            raise InvalidRequest(
                f"You cannot expand more than {_DEEPEST} levels of a property.",
                param="expand",
            )
        answer = _Walk(call, path, is_list=answer.get("object") in _ENVELOPES).obj(
            answer, steps
        )
    return answer


class _Walk:
    """One path, followed through one answer."""

    def __init__(self, call: Call, path: str, *, is_list: bool) -> None:
        self.call = call
        self.path = path
        self.is_list = is_list

    def obj(self, obj: Json, steps: list[str]) -> Json:
        """Follow the path's rest through a whole Stripe object."""
        if obj.get("object") in _ENVELOPES:
            return self.page(obj, steps)
        name = obj.get("object", "")
        if name not in self.call.engine.catalog.resources or obj.get("deleted"):
            return obj
        today = self.call.kind(name).fields
        fields = shapes.fields(name, self.call.version, today)
        return self.fields(obj, fields, steps, owner=obj)

    def page(self, page: Json, steps: list[str]) -> Json:
        """Follow it through a list envelope, whose only way is ``data``."""
        if steps == ["total_count"] and "total_count" in page:
            return page
        if steps[0] != "data" or len(steps) == 1:
            raise self.refusal()
        return {**page, "data": [self.obj(item, steps[1:]) for item in page["data"]]}

    def fields(
        self,
        node: Json,
        fields: Mapping[str, Field],
        steps: list[str],
        owner: Json | None,
        within: str = "",
    ) -> Json:
        """Follow it through named fields; `within` leads to them from the owner.

        The owner's kind knows what appears only when it is expanded.
        """
        name, *rest = steps
        field = fields.get(name)
        if field is None:
            raise self.refusal()
        path = f"{within}{name}"
        if name not in node and owner is not None:
            try:
                kind = self.call.engine.behaviour(owner["object"])
                hidden = kind.expanded(self.call, owner, path)
            except KeyError:
                hidden = None
            else:
                hidden = shapes.older(self.call, hidden)
                if not rest:
                    # It may be anything: the secret of an invoice, a price's tiers.
                    return in_order({**node, name: hidden})
            node = {**node, name: hidden}
        if field.type.kind is Kind.OBJECT and rest and node.get(name):
            inner = self.fields(node[name], field.type.fields, rest, owner, f"{path}.")
            return in_order({**node, name: inner})
        value = self.value(node.get(name), field.type, rest)
        return in_order({**node, name: value})

    def value(self, value: Any, kind: Type, rest: list[str]) -> Any:
        """Expand one value, or go further down from it."""
        if kind.kind in _REFERENCES:
            return self.reference(value, kind.resources, rest)
        if kind.kind is Kind.LIST and kind.item:
            return [self.value(item, kind.item, rest) for item in value or []]
        if kind.kind in (Kind.PAGE, Kind.RESOURCE):
            return self.obj(value, rest) if value and rest else value
        if kind.kind is Kind.OBJECT and rest:
            return self.fields(value, kind.fields, rest, None) if value else value
        raise self.refusal()

    def reference(self, value: Any, kinds: Sequence[str], rest: list[str]) -> Any:
        """Put the object in the place of its id."""
        if isinstance(value, str):
            one = kinds[0] if len(kinds) == 1 else None
            row = self.call.row(value, one) or self.call.row(value)
            value = shapes.older(self.call, row.obj) if row else value
        return self.obj(value, rest) if rest and isinstance(value, dict) else value

    def refusal(self) -> InvalidRequest:
        """Say no as Stripe does, with a hint where ``data.`` was forgotten."""
        hint = (
            f" You may want to try expanding 'data.{self.path}' instead."
            if self.is_list and not self.path.startswith("data.")
            else ""
        )
        return InvalidRequest(
            f"This property cannot be expanded ({self.path}).{hint}", param="expand"
        )
