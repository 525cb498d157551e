"""Mutations that matter for losses and that cosmic-ray does not know: gradients let through, guards taken away."""

import parso
from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Number

#: Methods without which an expression still runs: `x.detach()` becomes `x`.
METHODS = (
    "abs", "clamp", "clamp_", "detach", "diag", "exp", "exp_", "expm1", "expm1_", "isfinite", "log", "log1p", "long",
    "neg", "relu", "relu_", "sigmoid", "sign", "sqrt", "square", "to",
)  # fmt: skip
#: Functions of one tensor without which an expression still runs: `torch.relu(x)` becomes `(x)`.
FUNCTIONS = ("exp", "expm1", "log1mexp", "log1p", "logsigmoid", "relu", "sigmoid", "softplus", "sqrt", "square", "unit")
CHAINS = ("atom_expr", "power")


def turns(before, into):
    """The example that an operator shows of itself."""
    return classmethod(lambda cls: (Example(before, into),))


class DropMethod(Operator):
    examples = turns("y = x.detach()", into="y = x")

    def mutation_positions(self, node):
        for name, _ in _calls_in_chain(node, METHODS):
            yield name.start_pos, name.end_pos

    def mutate(self, node, index):
        _, at = list(_calls_in_chain(node, METHODS))[index]
        del node.children[at : at + 2]
        return node


class DropFunction(Operator):
    examples = turns("y = torch.relu(x)", into="y = (x)")

    def mutation_positions(self, node):
        if _is_plain_call(node, FUNCTIONS):
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        return _parsed(f"({_inside(node.children[-1])})", node)


class SwapWhere(Operator):
    examples = turns("y = torch.where(a, b, c)", into="y = torch.where(a, c, b)")

    def mutation_positions(self, node):
        if _is_plain_call(node, ("where",), arguments=3):
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        arguments = node.children[-1].children[1].children
        codes = [arguments[at].get_code(include_prefix=False) for at in (0, 4, 2)]
        head = "".join(child.get_code() for child in node.children[:-1]).strip()
        return _parsed(f"{head}({', '.join(codes)})", node)


class DropKeyword(Operator):
    """`f(x, keepdim=True)` -> `f(x)`; not where a device is named, for there is only one."""

    examples = turns("f(x, k=1)", into="f(x )")

    def mutation_positions(self, node):
        if node.type == "argument" and node.children[1] == "=" and node.children[0].value != "device":
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        siblings = node.parent.children
        at = siblings.index(node)
        if at + 1 < len(siblings) and siblings[at + 1] == ",":
            siblings[at + 1].value = ""
        elif siblings[at - 1] == ",":
            siblings[at - 1].value = ""
        return None


class MoveFloat(Operator):
    """A number with a point moves a little: `1e-5` -> `2e-5`, `0.5` -> `0.6`."""

    examples = turns("x = 0.5", into="x = 0.6")

    def mutation_positions(self, node):
        if isinstance(node, Number) and not node.value.lstrip("-").isdigit():
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        value = float(node.value)
        moved = 2 * value if 0 < abs(value) < 0.01 else round(value + 0.1, 10)
        return Number(repr(moved), node.start_pos, prefix=node.prefix)


class DropStatement(Operator):
    """A call that stands alone is left out: a check, a change in place."""

    examples = turns("f(x)\n", into="pass\n")

    def mutation_positions(self, node):
        if node.type == "expr_stmt" or node.type not in CHAINS or node.parent.type != "simple_stmt":
            return
        if node.children[-1].type == "trailer" and node.children[-1].children[0] == "(":
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        return _parsed("pass", node)


OWN = (DropMethod, DropFunction, SwapWhere, DropKeyword, MoveFloat, DropStatement)


def _calls_in_chain(node, names):
    """(name, place) of each `.name(...)` in a chain of attributes and calls."""
    if node.type in CHAINS:
        pairs = zip(node.children[1:], node.children[2:], strict=False)
        for at, (attribute, call) in enumerate(pairs, start=1):
            if attribute.type == call.type == "trailer" and attribute.children[0] == "." and call.children[0] == "(":
                name = attribute.children[1]
                of_a_module = at == 1 and node.children[0].get_code().strip() in ("torch", "math")
                if name.value in names and not of_a_module:
                    yield name, at


def _is_plain_call(node, names, arguments=1):
    """Whether a node is `name(...)` or `torch.name(...)` with so many positional arguments and nothing after it."""
    if node.type not in CHAINS or len(node.children) > 3 or node.children[-1].type != "trailer":
        return False
    *head, call = node.children
    if call.children[0] != "(" or len(call.children) != 3:
        return False
    if len(head) == 2 and not (head[0].get_code().strip() == "torch" and head[1].children[0] == "."):
        return False
    name = head[-1].children[1] if len(head) == 2 else head[0]
    inside = call.children[1]
    several = inside.type == "arglist"
    fits = len(inside.children) == 2 * arguments - 1 if several else arguments == 1 and inside.type != "argument"
    return getattr(name, "value", None) in names and fits


def _inside(trailer):
    return "".join(child.get_code() for child in trailer.children[1:-1])


def _parsed(code, instead_of):
    """An expression as a node that stands where another stood."""
    node = parso.parse(code).children[0]
    node.get_first_leaf().prefix = instead_of.get_first_leaf().prefix
    return node
