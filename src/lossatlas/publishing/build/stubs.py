"""Stubs for editors: the names that are imported only when they are asked for.

They are written when the package is installed or built and are not committed, so that two families that are added at
once do not meet in them. This file reads the sources as text: it runs where torch is not installed yet.
"""

import ast
from pathlib import Path

HEAD = "# Written when the package is installed; do not edit.\n"


def write_stubs(package):
    """Write the stubs of the package in this folder; gives their paths."""
    package = Path(package)
    texts = {
        package / "__init__.pyi": top(package),
        package / "losses" / "__init__.pyi": families(package),
        package / "signatures" / "__init__.pyi": signatures(package),
    }
    for path, text in texts.items():
        path.write_text(HEAD + text, encoding="utf8")
    return list(texts)


def top(package):
    """`lossatlas`: what it imports, its parts, and every registered loss from the file that defines it."""
    lines = [*imported(package / "__init__.py"), "__version__: str"]
    lines += [f"from . import {name} as {name}" for name in ("contract", "distributed", "losses", "signatures")]
    for family in folders(package / "losses"):
        for module, names in losses_of(package / "losses" / family).items():
            lines += [f"from .losses.{family}.{module} import {name} as {name}" for name in names]
    return "\n".join(lines) + "\n"


def families(package):
    """`lossatlas.losses`: its families."""
    lines = [f"from . import {family} as {family}" for family in folders(package / "losses")]
    return "\n".join([*lines, "def families() -> tuple[str, ...]: ...", "def load() -> None: ..."]) + "\n"


def signatures(package):
    """`lossatlas.signatures`: what it imports, and the signature that each of its modules is named after."""
    folder = package / "signatures"
    lines = imported(folder / "__init__.py")
    for path in sorted(folder.glob("*.py")):
        if any(name == path.stem for name in assigned(path)):
            lines.append(f"from .{path.stem} import {path.stem} as {path.stem}")
    return "\n".join([*lines, "SIGNATURES: dict[str, Signature]"]) + "\n"


def folders(folder):
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


def losses_of(folder):
    """module -> names of the functions in it that `@loss` decorates, for a family."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        names = [node.name for node in tree(path).body if isinstance(node, ast.FunctionDef) and is_loss(node)]
        if names:
            found[path.stem] = sorted(names)
    return found


def is_loss(function):
    return any(getattr(getattr(d, "func", None), "id", "") == "loss" for d in function.decorator_list)


def imported(path):
    """The relative imports of a file, each name exported again, as stubs want it."""
    lines = []
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                lines.append(f"from .{node.module} import {alias.name} as {alias.asname or alias.name}")
    return lines


def assigned(path):
    return [
        t.id
        for node in tree(path).body
        if isinstance(node, ast.Assign)
        for t in node.targets
        if isinstance(t, ast.Name)
    ]


def tree(path):
    return ast.parse(path.read_text(encoding="utf8"))
