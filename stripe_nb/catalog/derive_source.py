"""The installed SDK's source as syntax trees, each module parsed once.

Never imports the SDK: importing it costs more than reading it, and runs it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stripe_nb.errors import CatalogError

__all__ = ["Module", "Source", "constant", "find_sdk", "read_pair", "string_constants"]

_VERSION = re.compile(r"""^VERSION\s*=\s*["']([^"']+)["']""", re.MULTILINE)


@dataclass(slots=True)
class Module:
    """What a module of the SDK defines at its top level."""

    name: str
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)


class Source:
    """Reads the modules of the SDK below a folder.

    Parameters
    ----------
    root
        The folder of the package ``stripe``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, Module] = {}

    @property
    def version(self) -> str:
        """The SDK's own version, such as ``"16.1.0"``."""
        found = _VERSION.search((self.root / "_version.py").read_text("utf-8"))
        if found is None:
            message = f"The stripe package in {self.root} does not tell its version."
            raise CatalogError(message)
        return found[1]

    def module(self, name: str) -> Module:
        """Return a module by its dotted name, such as ``"stripe._price"``."""
        known = self._modules.get(name)
        if known is None:
            known = self._modules[name] = self._parse(name)
        return known

    def find_class(self, module: Module, name: str) -> tuple[Module, ast.ClassDef]:
        """Return the class that a name means in a module, following imports."""
        if name in module.classes:
            return module, module.classes[name]
        if name in module.imports:
            origin, original = module.imports[name]
            return self.find_class(self.module(origin), original)
        message = f"The stripe package's {module.name} does not define {name}."
        raise CatalogError(message)

    def _parse(self, name: str) -> Module:
        path = self.root.joinpath(*name.split(".")[1:])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError) as error:
            message = f"The stripe package's {name} can't be read: {error}."
            raise CatalogError(message) from error
        module = Module(name)
        for statement in _top_level(tree.body):
            _register(module, statement)
        return module


def find_sdk() -> Path:
    """Return the folder of the installed package ``stripe``.

    Raises
    ------
    CatalogError
        If it is not installed.
    """
    spec = importlib.util.find_spec("stripe")
    if spec is None or not spec.origin:
        message = "The stripe package is not installed: pip install stripe"
        raise CatalogError(message)
    return Path(spec.origin).parent


def string_constants(node: ast.expr | None) -> dict[str, ast.expr]:
    """Return a dict display's entries whose keys are strings."""
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def read_pair(node: ast.expr) -> tuple[str, str]:
    """Return the two strings of a list or tuple, such as module and class."""
    if isinstance(node, ast.List | ast.Tuple):
        texts = [e.value for e in node.elts if isinstance(e, ast.Constant)]
        return str(texts[0]), str(texts[1])
    message = (
        "The stripe package lists its modules and classes in an unknown form; "
        'install one that is known: pip install "stripe>=16,<17"'
    )
    raise CatalogError(message)


def constant(node: ast.ClassDef, name: str) -> ast.expr | None:
    """Return what a class body assigns to a name, if it does."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name
            for target in statement.targets
        ):
            return statement.value
    return None


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those under ``if TYPE_CHECKING:`` too."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _top_level(statement.body)
        else:
            yield statement


def _register(module: Module, statement: ast.stmt) -> None:
    match statement:
        case ast.ClassDef(name=name):
            module.classes[name] = statement
        case ast.ImportFrom(module=str(origin), names=names):
            for alias in names:
                module.imports[alias.asname or alias.name] = (origin, alias.name)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            module.values[name] = value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            module.values[name] = value
