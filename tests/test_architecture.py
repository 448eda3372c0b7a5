"""Holds the layers and the few rules that keep a seeded run reproducible."""

from __future__ import annotations

import ast
import graphlib
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stripe_nb"

# A module may import from its own part and from parts with a lower number.
LAYERS = {
    "errors": 0,
    "clock": 0,
    "headers": 0,
    "ids": 0,
    "redaction": 0,
    "paths": 1,
    "explanation": 2,
    "money": 2,
    "settings": 2,
    "catalog": 3,
    "sandbox": 4,
    "transport": 4,
    "session": 5,
    "frames": 6,
    "export": 7,
    "sync": 8,
    "webhooks": 8,
    "widgets": 9,
    "kernel_start": 9,
    "lessons": 10,
    "magics": 10,
    "page": 10,
    "runner": 10,
    "workers": 11,
    "testing": 11,
    "cli": 12,
}
SERVER = {"sandbox"}
CLIENT = {"session", "transport", "frames", "export", "sync", "webhooks", "widgets"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
RANDOMNESS = {"random", "secrets", "uuid"}
READINGS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "Timestamp": {"now", "utcnow", "today"},
    "os": {"urandom"},
}


@dataclass(frozen=True)
class Module:
    name: str
    tree: ast.Module
    lines: int

    @property
    def part(self) -> str:
        return self.name.split(".")[1]


@dataclass(frozen=True)
class Import:
    module: str
    late: bool


def _modules() -> list[Module]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        found.append(Module(name, tree, _lines_of_code(tree, text)))
    return [module for module in found if module.name != "stripe_nb"]


def _lines_of_code(tree: ast.Module, text: str) -> int:
    """Lines that are neither empty nor prose."""
    prose = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(text.splitlines(), start=1)
    return sum(bool(line.strip()) and number not in prose for number, line in lines)


# The session starts a sandbox, and errors.explain is where people look for it.
EXCEPTIONS = {
    ("session", Import("stripe_nb.sandbox", late=True)),
    ("errors", Import("stripe_nb.explanation", late=True)),
}
MODULES = _modules()
NAMES = {module.name for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda each: each.name)


def _imports(module: Module) -> Iterator[Import]:
    late = {
        node
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.If)
        for node in ast.walk(function)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            origin = node.module or ""
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                yield Import(inner if inner in NAMES else origin, node in late)


def _own(module: Module) -> Iterator[Import]:
    return (each for each in _imports(module) if each.module.startswith("stripe_nb"))


@each_module
def test_every_module_has_a_layer(module: Module) -> None:
    assert module.part in LAYERS


@each_module
def test_a_module_imports_only_from_layers_above_it(module: Module) -> None:
    for each in _own(module):
        part = each.module.split(".")[1]
        allowed = part == module.part or LAYERS[part] < LAYERS[module.part]
        assert allowed or (module.part, each) in EXCEPTIONS, (
            f"{module.name} imports {each.module}"
        )


@each_module
def test_nothing_inside_imports_the_front_door(module: Module) -> None:
    assert "stripe_nb" not in {each.module for each in _imports(module)}


@each_module
def test_server_and_client_never_import_each_other(module: Module) -> None:
    others = (
        CLIENT if module.part in SERVER else SERVER if module.part in CLIENT else ()
    )
    for each in _own(module):
        starts_a_sandbox = module.part == "session" and each.late
        assert each.module.split(".")[1] not in others or starts_a_sandbox


def test_modules_do_not_import_in_circles() -> None:
    graph = {
        module.name: {each.module for each in _own(module) if not each.late}
        - {module.name}
        for module in MODULES
    }
    graphlib.TopologicalSorter(graph).prepare()


@each_module
def test_randomness_is_read_only_in_ids(module: Module) -> None:
    if module.name != "stripe_nb.ids":
        imported = {each.module.split(".")[0] for each in _imports(module)}
        assert not imported & RANDOMNESS


@each_module
def test_time_is_read_only_in_clock(module: Module) -> None:
    if module.name != "stripe_nb.clock":
        assert not list(_readings(module.tree))


def _readings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else ""
            name = owner.attr if isinstance(owner, ast.Attribute) else name
            if node.attr in READINGS.get(name, ()):
                yield f"line {node.lineno}: {name}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            names = {alias.name for alias in node.names}
            yield from (f"line {node.lineno}: {name}" for name in names - {"sleep"})


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "from time import monotonic",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
        "import pandas as pd\npd.Timestamp.now()",
    ],
)
def test_the_search_for_readings_of_time_finds_them(source: str) -> None:
    assert list(_readings(ast.parse(source)))


@each_module
def test_modules_are_named_by_what_they_do(module: Module) -> None:
    assert not FORBIDDEN_NAMES & set(module.name.strip("_").split("."))


@each_module
def test_files_are_short(module: Module) -> None:
    assert module.lines <= 400, "split it by what it does"


def test_functions_are_short() -> None:
    lengths = sorted(
        _body_length(node)
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert statistics.median(lengths) < 10
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


def _body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = node.lineno
    if documented:
        start += (first.end_lineno or 0) - first.lineno + 1
    return (node.end_lineno or 0) - start + 1
