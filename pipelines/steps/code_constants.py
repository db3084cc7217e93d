"""The names that a file assigns once, to a text or to a list of texts."""

import ast
from collections.abc import Iterator


def constants_of(tree: ast.Module) -> dict[str, list[str]]:
    """Return each such name with its texts; a name that is assigned twice, anywhere, may hold anything."""
    assigned: dict[str, list[ast.expr | None]] = {}
    for name, value in _assignments(tree):
        assigned.setdefault(name, []).append(value)
    found = {}
    for name, (value, *more) in assigned.items():
        texts = texts_of(value) if value is not None and not more else None
        if texts is not None:
            found[name] = texts
    return found


def names_in(target: ast.expr) -> Iterator[str]:
    """Give the names that stand in the target of an assignment."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def texts_of(node: ast.expr) -> list[str] | None:
    """Return the texts of a text, or of a list of texts; None for anything else."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    texts = [
        each.value
        for each in node.elts
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return texts if len(texts) == len(node.elts) else None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """Every name that gets a value, with the value where it is that of the name alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg, None
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                whole = node.value if isinstance(target, ast.Name) else None
                yield from ((name, whole) for name in names_in(target))
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For):
            whole = node.value if isinstance(node, ast.AnnAssign) else None
            yield from ((name, whole) for name in names_in(node.target))
