"""The losses, one family each: a family is a folder here. Each is imported when it is first asked for."""

import functools
import importlib
import re
from pathlib import Path

HERE = Path(__file__).parent


@functools.cache
def families():
    """The names of the families: those of the folders here, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in HERE.glob("*/__init__.py")))


@functools.cache
def load():
    """Import all families, which enters their losses and operations in the registry.

    Raises:
        ImportError: where two families export one name.
    """
    exported = {}
    for family in families():
        module = importlib.import_module(f"{__name__}.{family}")
        for name in module.__all__:
            other = exported.setdefault(name, family)
            if other != family:
                raise ImportError(f"{name}: exported by {other} and by {family}; one of them needs another name")


def family_with(name):
    """The family whose `__init__.py` names this, or None. Only that family is imported when a loss is asked for."""
    word = re.compile(rf'"{re.escape(name)}"')
    return next((family for family in families() if word.search(_text_of(family))), None)


@functools.cache
def _text_of(family):
    return (HERE / family / "__init__.py").read_text(encoding="utf8")


def __getattr__(name):
    if name in families():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no family {name!r}; it has: {', '.join(families())}")


def __dir__():
    return [*globals(), *families()]
