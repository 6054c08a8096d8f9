"""Finds every error code that the program can tell, by reading its source as a syntax tree.

A code is the first argument of an error, or of a function that has a parameter ``code`` and hands it on.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

ERRORS = {"StudioError", "Unavailable", "EngineError", "Stale", "Refused", "Refusal", "Mistake"}


def told(package: Path = ROOT / "reconciler") -> tuple[dict[str, list[str]], list[str]]:
    """Return the places of each code, and the places whose code cannot be read off the source."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    makers = ERRORS | {name for tree in trees.values() for name in _handing_on(tree)}
    found: dict[str, list[str]] = {}
    unclear: list[str] = []
    for path, tree in trees.items():
        constants = _constants(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or _name(call.func) not in makers or not (call.args or call.keywords):
                continue
            place = f"{path.relative_to(package.parent)}:{call.lineno}"
            for argument in _codes(_first(call)):
                match argument:
                    case ast.Constant(value=str(code)):
                        found.setdefault(code, []).append(place)
                    case ast.Name(id=name) if name in constants:
                        found.setdefault(constants[name], []).append(place)
                    case ast.Name(id="code") | ast.Attribute(attr="code"):
                        pass  # handed on: it was made elsewhere
                    case _:
                        unclear.append(place)
    return found, unclear


def _first(call: ast.Call) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return named[0] if named else call.args[0] if call.args else None


def _codes(argument: ast.expr | None) -> Iterator[ast.expr | None]:
    if isinstance(argument, ast.IfExp):
        yield from _codes(argument.body)
        yield from _codes(argument.orelse)
    else:
        yield argument


def _handing_on(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            parameters = [each for each in node.args.args if each.arg not in ("self", "cls")]
            match parameters:
                case [ast.arg(arg="code", annotation=ast.Name(id="str")), *_] if node.name != "__init__":
                    yield node.name


def _constants(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                found[name] = text
    return found


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
