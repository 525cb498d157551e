"""Which files of the library a piece of code reaches through its imports."""

import ast
from functools import lru_cache
from pathlib import Path


def reached(code, package):
    """The files of the library that code imports, and what these import, in a fixed order.

    Imports are followed wherever they stand, in functions too. What is imported by a name that is only known when the
    code runs is not seen: code that asks the registry for a loss of any family reaches more than this.

    Args:
        code: Python.
        package: the folder of the library, whose name is that of the package.
    """
    found, waiting = set(), list(_files(_imported(ast.parse(code), ()), package))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _reached_by(path, package, path.stat().st_mtime_ns)
    return sorted(found)


@lru_cache(maxsize=4096)
def _reached_by(path, package, changed):
    """The files that a file imports; `changed` is when it was written last."""
    inside = (package.name, *path.relative_to(package).with_suffix("").parts)
    return tuple(_files(_imported(ast.parse(path.read_text(encoding="utf8")), inside[:-1]), package))


def _imported(tree, inside):
    """Names that may be modules, as tuples: what is imported, and what is taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level + 1] if node.level else ()
            module = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*module, alias.name) for alias in node.names)


def _files(names, package):
    """The files of the modules among names, with the packages around them."""
    for name in names:
        if name[:1] != (package.name,):
            continue
        for end in range(1, len(name) + 1):
            place = package.joinpath(*name[1:end])
            for path in (place / "__init__.py", place.with_suffix(".py") if end > 1 else None):
                if path is not None and path.is_file():
                    yield Path(path)
