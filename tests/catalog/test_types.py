"""Each form of annotation that the SDK's generator writes, one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_nb.catalog import Field, Kind, Presence, Type
from stripe_nb.catalog.derive_source import Source
from stripe_nb.catalog.derive_types import TypeReader
from stripe_nb.errors import CatalogError

NAMES = {("stripe._card", "Card"): "card", ("stripe._plan", "Plan"): "plan"}
HEAD = """
if TYPE_CHECKING:
    from stripe._card import Card as CardResource
    from stripe._plan import Plan
"""
TEXT = Type(Kind.STRING)
WHOLE = Type(Kind.INTEGER)
CARD = Type(Kind.RESOURCE, resources=("card",))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "_card.py").write_text("class Card(StripeObject):\n    id: str\n")
    (tmp_path / "_plan.py").write_text("class Plan(StripeObject):\n    id: str\n")
    (tmp_path / "params").mkdir()
    return Source(tmp_path)


def _fields(source: Source, body: str) -> dict[str, Field]:
    (source.root / "_thing.py").write_text(HEAD + "class Thing(StripeObject):\n" + body)
    module = source.module("stripe._thing")
    return TypeReader(source, NAMES).fields(module, module.classes["Thing"])


def _parameters(source: Source, text: str) -> dict[str, Field]:
    (source.root / "params" / "_thing.py").write_text(text)
    module = source.module("stripe.params._thing")
    return TypeReader(source, NAMES).parameters(module, module.classes["Params"])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("str", TEXT),
        ("int", WHOLE),
        ("Decimal", Type(Kind.DECIMAL)),
        ("Any", Type(Kind.ANY)),
        ("Optional[int]", WHOLE),
        ("Literal['a']", Type(Kind.ENUM, values=("a",))),
        ("Literal[True]", Type(Kind.BOOLEAN)),
        (
            "Union[Literal['a', 'b'], str]",
            Type(Kind.ENUM, values=("a", "b"), open=True),
        ),
        ("List['CardResource']", Type(Kind.LIST, item=CARD)),
        ("ListObject['CardResource']", Type(Kind.PAGE, item=CARD)),
        ("UntypedStripeObject[str]", Type(Kind.MAP, item=TEXT)),
        ("Dict[str, int]", Type(Kind.MAP, item=WHOLE)),
        ("'CardResource'", CARD),
        (
            "ExpandableField['CardResource']",
            Type(Kind.EXPANDABLE, resources=("card",)),
        ),
        (
            "Union['CardResource', 'Plan']",
            Type(Kind.RESOURCE, resources=("card", "plan")),
        ),
        (
            "Union[str, 'CardResource', 'Plan']",
            Type(Kind.EXPANDABLE, resources=("card", "plan")),
        ),
        ("Union[int, bool]", Type(Kind.UNION, options=(WHOLE, Type(Kind.BOOLEAN)))),
        ("'int|None'", Type(Kind.INTEGER, clearable=True)),
        ("\"Literal['']|int\"", Type(Kind.INTEGER, clearable=True)),
        ("\"Literal['']|str\"", Type(Kind.STRING, clearable=True)),
        ("\"Literal['']|None\"", Type(Kind.STRING, clearable=True)),
        ("\"Literal['', 'a']\"", Type(Kind.ENUM, values=("a",), clearable=True)),
        (
            "\"Literal['']|Dict[str, str]|UntypedStripeObject[str]\"",
            Type(Kind.MAP, item=TEXT, clearable=True),
        ),
    ],
)
def test_annotation_means(annotation: str, expected: Type, source: Source) -> None:
    assert _fields(source, f"    field: {annotation}\n")["field"].type == expected


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("Strange[int]", "uses Strange, which is unknown"),
        ("1 < 2", "unknown form"),
        ("Missing", "does not define Missing"),
    ],
)
def test_unknown_annotation_is_told(
    annotation: str, message: str, source: Source
) -> None:
    with pytest.raises(CatalogError, match=message):
        _fields(source, f"    field: {annotation}\n")


def test_class_gives_names_on_the_wire_docs_and_presence(source: Source) -> None:
    body = '''
    OBJECT_NAME: ClassVar[Literal["thing"]] = "thing"
    class Inner(StripeObject):
        size: int
        _field_encodings = {"size": "int64_string"}
    _hidden: int
    from_: Optional[str]
    """
    Where it
    comes from.
    """
    inner: Inner
    _field_remappings = {"from_": "from"}
'''
    fields = _fields(source, body)
    size = Field("size", Type(Kind.INTEGER, text=True), Presence.REQUIRED)
    assert list(fields.values()) == [
        Field("from", TEXT, Presence.OPTIONAL_NULLABLE, doc="Where it\ncomes from."),
        Field("inner", Type(Kind.OBJECT, fields={"size": size}), Presence.REQUIRED),
    ]


def test_parameters_include_functional_bases(source: Source) -> None:
    text = """
_ParamsBase = TypedDict("Params", {"in": NotRequired["Inner"]})
class Params(_ParamsBase, RequestOptions):
    at: int
class Inner(TypedDict):
    on: NotRequired[bool]
"""
    on = Field("on", Type(Kind.BOOLEAN), Presence.OPTIONAL)
    inner = Type(Kind.OBJECT, fields={"on": on})
    assert list(_parameters(source, text).values()) == [
        Field("in", inner, Presence.OPTIONAL),
        Field("at", WHOLE, Presence.REQUIRED),
    ]


def test_parameters_that_hold_themselves_end(source: Source) -> None:
    text = "class Params(TypedDict):\n    left: NotRequired['Params']\n"
    left = _parameters(source, text)["left"].type
    assert (left.kind, left.fields) == (Kind.OBJECT, {})
