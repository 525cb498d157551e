"""What each family brings to the tests, found by the names of its files.

| file or folder | what it holds |
|---|---|
| `references` | `REFERENCES`: loss name -> naive loop over plain numbers, written from the formula alone |
| `golden/*.json` | values of official implementations; `golden/exact/*.json`, of the naive loops |
| `adapters` | `ADAPTERS`: name of a golden file -> function that computes here what it holds |
| `answers` | answers to the exercises, right and wrong |
| `facts` | `NUMBERS` and `CHOICES`: what the quiz calls right, computed again |
| `modules` | `MODULES`: exported module -> how it is made and called, for a family that has some |
| `equivalent.yml` | changes of the family's code that no test can notice, each with its reason, for `make mutation` |
| `test_*.py` | tests written by hand |

A kind may be one module or a folder of modules.
"""

import functools
import importlib
import pkgutil
from pathlib import Path

HERE = Path(__file__).parent


def families():
    """The names of the families, in alphabetical order."""
    return sorted(path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))


def modules(family, kind):
    """The modules of a family that are of a kind, such as `"references"`: one, several of a folder, or none."""
    place = HERE / family
    if (place / f"{kind}.py").is_file():
        return [importlib.import_module(f"{__name__}.{family}.{kind}")]
    names = sorted(found.name for found in pkgutil.iter_modules([str(place / kind)]))
    return [importlib.import_module(f"{__name__}.{family}.{kind}.{name}") for name in names]


@functools.cache
def collected(kind, table):
    """family -> all entries of the tables of this name in its modules of a kind; a name that repeats is an error."""
    found = {}
    for family in families():
        found[family] = {}
        for module in modules(family, kind):
            entries = getattr(module, table)
            twice = found[family].keys() & entries.keys()
            assert not twice, f"{module.__name__}.{table} repeats {', '.join(sorted(twice))}"
            found[family] |= entries
    return found
