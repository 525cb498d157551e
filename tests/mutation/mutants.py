"""All mutants of a source file: one small change each, of something that computes.

Left out is what computes nothing: docstrings, annotations, words of error messages, what pictures show. Left out are
also changes that cannot count: arithmetic turned into shifts, bits or truth, which tensors of floats refuse (they would
only flatter the score), and axis -1 turned into axis 1, which in a matrix is the same axis.
"""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from .operators import OWN
from .plan import pieces

#: What an operator is turned into: its opposite, and what is next to it.
ARITHMETIC = {
    "Add": ("Sub", "Mul"),
    "Sub": ("Add", "Div"),
    "Mul": ("Div", "Add"),
    "Div": ("Mul", "Sub"),
    "Pow": ("Mul",),
}
BITS = {"BitOr": ("BitAnd", "BitXor"), "BitAnd": ("BitOr",), "BitXor": ("BitAnd",)}
ORDER = {
    "Eq": ("NotEq", "GtE"), "NotEq": ("Eq", "Gt"), "Lt": ("LtE", "GtE"), "LtE": ("Lt", "Gt"), "Gt": ("GtE", "LtE"),
    "GtE": ("Gt", "Lt"), "Is": ("IsNot",), "IsNot": ("Is",),
}  # fmt: skip
UNARY = ("USub_UAdd", "Delete_USub", "Delete_Invert", "Delete_Not")
DOMAINS = ("above", "at_least", "between", "real", "Signature", "Field")
#: Keywords that are for pictures, names or places.
UNSEEN = ("show", "paper", "aliases", "exempt", "device")
MESSAGES = ("wrong", "describe")


@dataclass(frozen=True)
class Mutant:
    """One change of one file. `function` is the name of what it changes: "cross_entropy", "Layer.step", "LIMIT"."""

    path: Path
    operator: str
    line: int
    group: str  # "body" or "declared"
    function: str
    before: str
    after: str
    source: str

    @property
    def file(self):
        return named(self.path)

    @property
    def key(self):
        return f"{self.file}:{self.line}:{self.function}:{self.operator}: {self.before} => {self.after}"


def named(path):
    """A file of a family with the family's name, since two may have a `softmax.py`; others by their own."""
    *_, folder, family, name = Path(path).parts
    return f"{family}/{name}" if folder == "losses" else name


@functools.cache
def operators():
    """name -> operator: those of cosmic-ray that fit tensors, and our own."""
    theirs = OperatorProvider()
    names = [f"ReplaceBinaryOperator_{old}_{new}" for old, news in (ARITHMETIC | BITS).items() for new in news]
    names += [f"ReplaceComparisonOperator_{old}_{new}" for old, news in ORDER.items() for new in news]
    names += [f"ReplaceUnaryOperator_{change}" for change in UNARY]
    names += ["AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"]
    names += ["NumberReplacer", "RemoveDecorator", "ZeroIterationForLoop"]
    return {name: theirs[name]() for name in names} | {each.__name__: each() for each in OWN}


def mutants_of(path):
    """The mutants of a file, in order of lines; two changes that come to the same count once."""
    source = Path(path).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    found = []
    for first, last, names in pieces(ast.parse(source).body):
        indent = " " * (len(lines[first]) - len(lines[first].lstrip()))
        piece = "".join(line.removeprefix(indent) for line in lines[first:last])

        def whole(code, first=first, last=last, indent=indent):
            inside = [indent + line if line.strip() else line for line in code.splitlines(keepends=True)]
            return "".join([*lines[:first], *inside, *lines[last:]])

        found += _mutants_of_piece(Path(path), piece, first, names, whole)
    return sorted(found, key=lambda mutant: mutant.line)


def _mutants_of_piece(path, piece, offset, names, whole):
    places, seen = Places(piece, names), {_normal(piece)}
    nodes = list(ast_nodes(get_ast(piece)))
    for name, operator in operators().items():
        spots = [(position[0], node) for node in nodes for position in operator.mutation_positions(node)]
        for occurrence, (position, node) in enumerate(spots):
            group, function = places.at(position, whole_decorator=name == "RemoveDecorator")
            if group is None or _is_the_same_axis(name, node):
                continue
            code = mutate_code(piece, operator, occurrence)
            normal = _normal(code)
            if normal is None or normal in seen:
                continue
            seen.add(normal)
            before, after = _changed(piece, code)
            yield Mutant(path, name, position[0] + offset, group, function, before, after, whole(code))


def _is_the_same_axis(operator, node):
    """`x.sum(-1)` -> `x.sum(1)`"""
    turned = operator in ("ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_USub")
    return turned and node.get_code().strip() == "-1" and node.parent.type in ("trailer", "arglist", "argument")


class _Folding(ast.NodeTransformer):
    """`+1` and `1` are the same."""

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        number = isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, (int, float))
        if number and isinstance(node.op, (ast.UAdd, ast.USub)):
            value = node.operand.value
            return ast.Constant(-value if isinstance(node.op, ast.USub) else +value)
        return node


def _normal(code):
    """The meaning of code without its layout; None where it is no Python."""
    try:
        return ast.dump(_Folding().visit(ast.parse(code)))
    except SyntaxError:
        return None


def _changed(old, new):
    """The lines that differ, before and after."""
    old, new = old.splitlines(), new.splitlines()
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return tuple(" ".join(line.strip() for line in lines) for lines in (old, new))


class Places:
    """What the places of a statement belong to."""

    def __init__(self, code, names):
        self.lines = code.splitlines()
        (self.statement,) = ast.parse(code).body
        self.allowed, self.forbidden = [], []
        self._visit(self.statement, names)

    def at(self, position, whole_decorator=False):
        """(group, name) of a place, (None, None) where nothing is to be changed."""
        if any(low <= position < high for low, high in self.forbidden):
            return None, None
        for low, high, group, name in self.allowed:
            if low <= position < high:
                return group, name
        if whole_decorator:
            return "body", self.name
        return None, None

    def _visit(self, node, names):
        if isinstance(node, ast.FunctionDef):
            self.name = ".".join((*names, node.name))
            self._function(node, self.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
            self._allow(
                node.value, "declared" if _calls(node.value, DOMAINS) else "body", ",".join(t.id for t in targets)
            )
            self._forbid_inside(node)

    def _function(self, node, name):
        if node.name in ("extra_repr", "__repr__"):
            return
        for decorator in node.decorator_list:
            if _calls(decorator, ("loss",)):
                self._allow(decorator, "declared", name)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self._allow(default, "body", name)
        for statement in node.body:
            self._allow(statement, "body", name)
        self._forbid_inside(node)

    def _forbid_inside(self, tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr | ast.Raise) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str)
            ):
                self._forbid(node)
            elif isinstance(node, ast.arg) and node.annotation:
                self._forbid(node.annotation)
            elif isinstance(node, ast.keyword) and node.arg in UNSEEN:
                self._forbid(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for argument in (
                    node.args[1:] if node.func.id == "expect" else node.args if node.func.id in MESSAGES else ()
                ):
                    self._forbid(argument)

    def _allow(self, node, group, name):
        self.allowed.append((*self._span(node), group, name))

    def _forbid(self, node):
        self.forbidden.append(self._span(node))

    def _span(self, node):
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _place(self, line, byte):
        """(line, character) as the operators count them, from the bytes that `ast` counts."""
        return line, len(self.lines[line - 1].encode()[:byte].decode())


def _calls(node, names):
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in names for n in ast.walk(node))
