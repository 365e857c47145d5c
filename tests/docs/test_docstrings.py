"""Docstrings name what is there: arguments that a function has, attributes that a class has."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.test_words import PACKAGES, ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[str, ast.Module]:
    """Every module, by its path."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """Every class, by its name: those of one name in different modules are not told apart."""
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


def documented(node: Function | ast.ClassDef, heading: str) -> Iterator[str]:
    """The names in a section of a docstring: `a: …`, or `a, b: …` for several."""
    lines = inspect.cleandoc(ast.get_docstring(node) or "").splitlines()
    if heading not in lines:
        return
    for line in lines[lines.index(heading) + 1 :]:
        if line and not line.startswith(" "):
            return
        if entry := re.match(r" {4}(\*{0,2}\w+(?:, \*{0,2}\w+)*):(?: |$)", line):
            yield from (name.strip("* ") for name in entry[1].split(","))


def parameters(function: Function) -> set[str]:
    """The names of a function's parameters."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {one.arg for one in every if one}


def methods(node: ast.ClassDef, name: str) -> Iterator[Function]:
    """The methods of this name that a class has or inherits."""
    for one in ancestry(node):
        for part in one.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == name:
                yield part


def ancestry(node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class, and the classes of ours that it is derived from."""
    yield node
    for base in node.bases:
        name = ast.unparse(base).split("[")[0].rpartition(".")[2]
        for parent in classes().get(name, ()):
            if parent is not node:
                yield from ancestry(parent)


def attributes(of: ast.ClassDef) -> set[str]:
    """The fields, methods, members and instance attributes of a class, also inherited ones."""
    found: set[str] = set()
    for one in ancestry(of):
        for part in one.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(part.name)
        for node in ast.walk(one):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    found.add(name)
    return found


def unknown(node: Function | ast.ClassDef) -> Iterator[str]:
    """The names that a docstring documents and that are not there."""
    if isinstance(node, ast.ClassDef):
        yield from (set(documented(node, "Attributes:")) - attributes(node))
        taken = set[str]().union(*(parameters(one) for one in methods(node, "__init__")))
        taken = taken or attributes(node)  # a dataclass's are its fields
        yield from (set(documented(node, "Args:")) - taken)
        options = (parameters(one) for one in methods(node, "__init_subclass__"))
        yield from (set(documented(node, "Class arguments:")) - set[str]().union(*options))
    else:
        yield from (set(documented(node, "Args:")) - parameters(node))


def wrong(tree: ast.Module) -> Iterator[str]:
    """The line and name of each thing that is documented in a module and not there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (f"{node.lineno} {node.name}: {name}" for name in unknown(node))


def test_docstrings_document_only_what_exists() -> None:
    found = [f"{path}:{one}" for path, tree in trees().items() for one in wrong(tree)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        'def f(a: int) -> None:\n    """F.\n\n    Args:\n        a: one.\n        b: two.\n    """',
        'def f(a: int) -> None:\n    """F.\n\n    Args:\n        a, b: both.\n    """',
        'class C:\n    """C.\n\n    Attributes:\n        b: more.\n    """\n    a: int',
        'class C:\n    """C.\n\n    Args:\n        b: more.\n    """\n    def __init__(self): ...',
    ],
)
def test_a_name_that_does_not_exist_is_found(text: str) -> None:
    (found,) = wrong(ast.parse(text))
    assert found.endswith(": b")
