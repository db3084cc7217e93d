"""The flags that a training script takes, read from its source without running it."""

import ast


def flags_of(source: str) -> set[str] | None:
    """Return the flags, without their dashes, that the script declares; None if that cannot be told.

    Relies on argparse's `add_argument` with the flags written as text. A script that declares none, or any by
    another way, may take its parameters elsewhere.
    """
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
    ]
    found: set[str] = set()
    for call in calls:
        texts = [
            each.value
            for each in call.args
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if len(texts) != len(call.args) or not texts:
            return None
        found |= {text.lstrip("-") for text in texts}
    return found or None
