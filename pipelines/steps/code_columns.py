"""The columns that a model's code names, read from its source without running it.

What this relies on: a table of rows is followed from where it is known to hold the model's rows, which is
`pd.read_csv` of the `train` channel in the training script and the first argument of `predict_fn` in inference.py,
through assignments, selections, the methods of `SAME` and calls of functions of the same file. Of such a table,
columns that are named as text, or by a constant of text that is assigned once, count as named; those that the code
makes itself (`rows["x"] = …`, `assign`, `rename`, `insert`) do not. Names that are put together at run time, or that
come from `model.json`, cannot be wrong in this way and are not looked at. What cannot be followed is left alone: a
column that this says is named, is.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .code_constants import constants_of, names_in, texts_of

READERS = ("read_csv", "read_parquet", "read_table")
CHANNEL = ("train", "train.csv", "SM_CHANNEL_TRAIN")
SAME = frozenset(
    "copy dropna fillna drop sort_values sort_index reset_index sample head tail query astype drop_duplicates "
    "assign rename replace convert_dtypes infer_objects".split()
)
"""Methods that give a table with the columns it had, but for those that are dropped, made or renamed."""
TAKES_COLUMNS = {
    # method: its arguments that name columns, the first of them where they stand without a name
    "drop": ("columns", None),
    "dropna": ("subset", None),
    "drop_duplicates": ("subset", "subset"),
    "sort_values": ("by", "by"),
    "groupby": ("by", "by"),
    "pop": ("item", "item"),
    "set_index": ("keys", "keys"),
}
ROUNDS = 8  # of following calls from function to function


@dataclass(frozen=True)
class Named:
    """One place where the code names a column."""

    column: str
    line: int


@dataclass
class Columns:
    """What a file names, and what it makes itself."""

    named: list[Named] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    def unknown(self, known: set[str]) -> list[Named]:
        """Return the names of columns that neither are known nor made by the code, once each."""
        found: dict[str, Named] = {}
        for each in self.named:
            if each.column not in known | self.made:
                found.setdefault(each.column, each)
        return list(found.values())


def columns_of(source: str, *, serves: bool) -> Columns:
    """Return what the file names; `serves` says that it is inference.py. Raises SyntaxError."""
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    given: dict[str, set[str]] = {name: set() for name in functions}  # parameters that are tables
    if serves and "predict_fn" in functions and functions["predict_fn"].args.args:
        given["predict_fn"].add(functions["predict_fn"].args.args[0].arg)
    readers = () if serves else READERS
    for _ in range(ROUNDS):
        passed: dict[str, set[str]] = {name: set(tables) for name, tables in given.items()}
        walk = _Walk(constants_of(tree), functions, passed, readers)
        walk.body(tree.body, set())
        for name, function in functions.items():
            walk.body(function.body, set(given[name]))
        if passed == given:
            return walk.columns
        given = passed
    return Columns()


class _Walk:
    """Follows the tables of one file, statement by statement."""

    def __init__(
        self,
        constants: dict[str, list[str]],
        functions: dict[str, ast.FunctionDef],
        passed: dict[str, set[str]],
        readers: tuple[str, ...],
    ) -> None:
        self.columns = Columns()
        self._constants = constants
        self._functions = functions
        self._passed = passed
        self._readers = readers

    def body(self, statements: list[ast.stmt], tables: set[str]) -> None:
        """Follow these statements; `tables` are the names that hold the model's rows."""
        for statement in statements:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                continue
            for node in _own(statement):
                self._node(node, tables)
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                self._assign(statement, statement.value, tables)
            for part in ("body", "orelse", "finalbody"):
                self.body(getattr(statement, part, []), tables)
            for handler in getattr(statement, "handlers", []):
                self.body(handler.body, tables)

    def _assign(
        self, statement: ast.Assign | ast.AnnAssign, value: ast.expr, tables: set[str]
    ) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                (tables.add if self._is_table(value, tables) else tables.discard)(target.id)
            else:
                for name in names_in(target) if isinstance(target, ast.Tuple) else ():
                    tables.discard(name)

    def _is_table(self, node: ast.expr, tables: set[str]) -> bool:
        if isinstance(node, ast.Name):
            return node.id in tables
        if isinstance(node, ast.Subscript):
            texts = texts_of(node.slice)
            column = isinstance(node.slice, ast.Constant) and texts is not None
            return not column and self._is_table(node.value, tables)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        if node.func.attr in self._readers:
            return _is_channel(node)
        return node.func.attr in SAME and self._is_table(node.func.value, tables)

    def _node(self, node: ast.AST, tables: set[str]) -> None:
        if isinstance(node, ast.Subscript) and self._is_table(node.value, tables):
            texts = self._texts(node.slice)
            if isinstance(node.ctx, ast.Load):
                self._name(texts, node.lineno)
            else:
                self.columns.made.update(texts)
        elif isinstance(node, ast.Call):
            self._call(node, tables)

    def _call(self, node: ast.Call, tables: set[str]) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in self._functions:
            self._hand_over(node, self._functions[node.func.id], tables)
        if not isinstance(node.func, ast.Attribute):
            return
        method, keywords = node.func.attr, {each.arg: each.value for each in node.keywords}
        if method in self._readers and _is_channel(node) and "usecols" in keywords:
            self._name(self._texts(keywords["usecols"]), node.lineno)
        if not self._is_table(node.func.value, tables):
            return
        if method in TAKES_COLUMNS:
            word, first = TAKES_COLUMNS[method]
            taken = keywords.get(word, node.args[0] if first and node.args else None)
            self._name(self._texts(taken), node.lineno)
        self._make(method, node, keywords)

    def _make(self, method: str, node: ast.Call, keywords: dict[str | None, ast.expr]) -> None:
        if method == "assign":
            self.columns.made.update(word for word in keywords if word is not None)
        if method == "insert" and len(node.args) > 1:
            self.columns.made.update(self._texts(node.args[1]))
        renamed = keywords.get("columns")
        if method == "rename" and isinstance(renamed, ast.Dict):
            for old, new in zip(renamed.keys, renamed.values, strict=True):
                self._name(self._texts(old), node.lineno)
                self.columns.made.update(self._texts(new))

    def _hand_over(self, call: ast.Call, function: ast.FunctionDef, tables: set[str]) -> None:
        """A function of the same file gets a table: its parameter is one."""
        parameters = [each.arg for each in function.args.args]
        pairs = [
            *zip(parameters, call.args, strict=False),
            *((each.arg, each.value) for each in call.keywords),
        ]
        for parameter, value in pairs:
            if parameter in parameters and self._is_table(value, tables):
                self._passed[function.name].add(str(parameter))

    def _texts(self, node: ast.expr | None) -> list[str]:
        if isinstance(node, ast.Name):
            return self._constants.get(node.id, [])
        return (texts_of(node) or []) if node is not None else []

    def _name(self, texts: list[str], line: int) -> None:
        self.columns.named += [Named(text, line) for text in texts]


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but for the statements within it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            each
            for each in ast.iter_child_nodes(node)
            if not isinstance(each, ast.stmt | ast.ExceptHandler)
        ]


def _is_channel(call: ast.Call) -> bool:
    """Whether a reader is given a path that tells of the train channel."""
    if not call.args:
        return False
    for node in ast.walk(call.args[0]):
        if isinstance(node, ast.Attribute) and node.attr == "train":
            return True
        if isinstance(node, ast.Constant) and node.value in CHANNEL:
            return True
    return False
