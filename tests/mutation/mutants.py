"""Small wrong turns of a module, one at a time: what a slip of the hand would do.

Takes source; gives each mutant as its line, what was changed, and the changed source. Type annotations, the
options of fields, docstrings and messages are left alone: no figure hangs on them.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip
RENAMED = {
    "min": "max", "max": "min", "ZERO": "ONE", "ONE": "ZERO", "any": "all", "all": "any",
    "floor": "ceil", "ceil": "floor",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    line: int
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    for number, (node, change) in enumerate(_changes(tree)):
        changed = copy.deepcopy(tree)
        target, _ = list(_changes(changed))[number]
        _apply(target)
        yield Mutant(node.lineno, change, ast.unparse(ast.fix_missing_locations(changed)))


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What can be changed, in order; imports and annotations are never reached."""
    for node in _thinking(tree):
        match node:
            case ast.Compare(ops=[op]) if type(op) in COMPARED:
                yield node, f"{type(op).__name__} to {COMPARED[type(op)].__name__}"
            case ast.BinOp(op=op) if type(op) in COMPUTED:
                yield node, f"{type(op).__name__} to {COMPUTED[type(op)].__name__}"
            case ast.BoolOp(op=op):
                yield node, "Or to And" if isinstance(op, ast.Or) else "And to Or"
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                yield node, f"{type(node.op).__name__} dropped"
            case ast.Name(id=name, ctx=ast.Load()) if name in RENAMED:
                yield node, f"{name} to {RENAMED[name]}"
            case ast.Constant(value=bool()):
                yield node, "True and False swapped"
            case ast.Constant(value=int()):
                yield node, "a number one larger"
            case ast.IfExp():
                yield node, "the other branch"


def _thinking(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that decide something: annotations and the options of fields are left out."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field":
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _thinking(child)


def _apply(node: ast.expr) -> None:
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [COMPARED[type(op)]()]
        case ast.BinOp(op=op):
            node.op = COMPUTED[type(op)]()
        case ast.BoolOp(op=op):
            node.op = ast.And() if isinstance(op, ast.Or) else ast.Or()
        case ast.UnaryOp():
            node.op = ast.UAdd() if isinstance(node.op, ast.USub) else node.op
            if isinstance(node.op, ast.Not):
                node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Name():
            node.id = RENAMED[node.id]
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int()):
            node.value = node.value + 1
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
