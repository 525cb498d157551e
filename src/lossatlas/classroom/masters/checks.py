"""The checks of a master: one function a cell, with the points it is worth."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property

import yaml

from .cells import MasterError

CONFIGURATION = re.compile(r'"""\s*#\s*BEGIN TEST CONFIG\n(.*?)\n"""\s*#\s*END TEST CONFIG\n(.*)', re.DOTALL)
LAYOUT = (
    'a string `""" # BEGIN TEST CONFIG` ... `""" # END TEST CONFIG` with `points:` and, where it applies, `hidden:'
    " true`, then one function"
)


@dataclass(frozen=True)
class Check:
    """One check that is graded: it raises where the answer is wrong.

    Attributes:
        name: of the function.
        points: earned when it raises nothing.
        hidden: whether students do not see it.
        source: the function.
        needs: its arguments, the names of answers and perhaps `student`.
        key: of the exercise.
    """

    name: str
    points: float
    hidden: bool
    source: str
    needs: tuple
    key: str

    def function(self):
        """The function itself."""
        space = {"__name__": f"check of {self.key}"}
        exec(compile(self.source, f"<{self.key}, {self.name}>", "exec"), space)
        return space[self.name]

    @cached_property
    def words(self):
        """What it looks at: its docstring, else the names of the properties that it defines, else its own name."""
        tree = ast.parse(self.source).body[0]
        if ast.get_docstring(tree):
            return ast.get_docstring(tree).partition("\n\n")[0].replace("\n", " ")
        inner = [words.partition("\n")[0] for words in self.defined.values() if words]
        return " ".join(inner) or self.name.removeprefix("test_").replace("_", " ")

    @cached_property
    def defined(self):
        """The functions that it defines inside, most of them properties: name -> docstring or ""."""
        return {
            node.name: ast.get_docstring(node) or ""
            for node in ast.parse(self.source).body[0].body
            if isinstance(node, ast.FunctionDef)
        }


def read_check(path, cell, key):
    """The check in a cell between `# BEGIN TESTS` and `# END TESTS`.

    Raises:
        MasterError: the cell is not a configuration and one function, or the points are missing.
    """
    parts = CONFIGURATION.match(cell.source) if cell.kind == "code" else None
    if not parts:
        raise MasterError(f"{path}, {cell}: expected {LAYOUT}")
    try:
        settings = yaml.safe_load(parts[1])
        body = ast.parse(parts[2]).body
    except yaml.YAMLError as error:
        raise MasterError(
            f"{path}, {cell}: expected YAML in the configuration: {' '.join(str(error).split())}"
        ) from error
    except SyntaxError as error:
        raise MasterError(
            f"{path}, {cell}: expected Python after the configuration, got {error.msg} in its line {error.lineno}"
        ) from error
    if not isinstance(settings, dict) or set(settings) - {"points", "hidden", "success_message", "failure_message"}:
        raise MasterError(f"{path}, {cell}: expected the settings `points` and `hidden`, got {settings}")
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        raise MasterError(
            f"{path}, {cell}: expected exactly one function after the configuration, with imports and helpers inside"
            f" it; got {len(body)} statements"
        )
    points, hidden = settings.get("points"), settings.get("hidden", False)
    if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
        raise MasterError(f"{path}, {cell}: expected `points: ` and a number in the configuration, got {points!r}")
    if not isinstance(hidden, bool):
        raise MasterError(f"{path}, {cell}: expected `hidden: true` or `hidden: false`, got {hidden!r}")
    return Check(body[0].name, points, hidden, parts[2].strip(), _needs(path, cell, body[0].args), key)


def _needs(path, cell, found):
    if found.vararg or found.kwarg or found.kwonlyargs or found.posonlyargs or found.defaults or not found.args:
        raise MasterError(
            f"{path}, {cell}: expected the function to take answers by name, such as `def test_values(my_loss,"
            " student)`, without defaults"
        )
    return tuple(argument.arg for argument in found.args)
