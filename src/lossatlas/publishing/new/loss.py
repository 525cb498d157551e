"""The skeleton of a loss: its file, its naive loop, its export."""

import re

from ...contract import losses as registered
from ...contract import operations
from ...signatures import SIGNATURES
from ..build.book import BookError
from .marks import TO_WRITE, check_name, write

LOSS = '''"""{mark}"""

from ...contract import loss
from ...signatures import {signature}


@loss({kind}, paper="{paper}")
def {name}({arguments}):
    r"""{title}: {mark}

    $$ \\ell = {mark} $$

    Use: When {mark}. Not when {mark}.

    Args:
{documented}

    Returns:
        One value per item, shape ({items}).
    """
    raise TypeError("{name}: write its formula in place of this line")
'''

LOOP = '''

def {name}({inputs}):
    """The same as loops over plain numbers, from the formula and not from the code."""
    raise TypeError("{name}: write its naive loop in place of this line")
'''


def new_loss(book, name, family, signature, paper=TO_WRITE):
    """Write the skeleton of a loss, and export it from its family.

    Args:
        book: the `Book` of the checkout.
        name: of the function, such as `"power_miss_loss"`.
        family: the family that it joins.
        signature: the kind of input, such as `"logits"`, or one of its forms, such as `"queries.cosine"`.
        paper: key of the paper.

    Returns:
        The paths that were written or changed.

    Raises:
        BookError: if the family or the signature is not known, or the name is taken.
    """
    check_name(name, "loss")
    package = book.root / "src" / "lossatlas" / "losses" / family
    if not (package / "__init__.py").is_file():
        known = ", ".join(sorted(path.parent.name for path in package.parent.glob("*/__init__.py")))
        raise BookError(f"--family: expected one of {known}, got {family!r}; lossatlas new family makes one")
    kind, arguments = _kind(signature)
    if name in {entry.name for entry in (*registered(), *operations())} or (package / f"{name}.py").exists():
        raise BookError(f"loss: {name} is there already")
    words = {
        "name": name,
        "mark": TO_WRITE,
        "kind": signature,
        "signature": kind.name,
        "paper": paper,
        "title": name.replace("_", " ").capitalize(),
        "arguments": ", ".join(arguments),
        "inputs": ", ".join(kind.names),
        "documented": "\n".join(
            f"        {n}: {f.what}, shape ({', '.join(f.axes)})." for n, f in kind.inputs.fields.items()
        ),
        "items": ", ".join(kind.items.split()),
    }
    file = write(package / f"{name}.py", LOSS.format(**words))
    _export(package / "__init__.py", name)
    return [file, package / "__init__.py", *_loop(book.root / "tests" / "families" / family, words)]


def _kind(text):
    """(signature, leading arguments of a body) for the name of a signature or of one of its forms."""
    name, _, form = text.partition(".")
    if name not in SIGNATURES:
        raise BookError(
            f"--signature: expected one of {', '.join(sorted(SIGNATURES))}, or a form as in queries.cosine, "
            f"got {text!r}"
        )
    signature = SIGNATURES[name]
    if not form:
        return signature, signature.names
    if form not in signature.forms.by_name:
        forms = ", ".join(f"{name}.{known}" for known in signature.forms.by_name) or "none"
        raise BookError(f"--signature: {name} has no form {form!r}; it has: {forms}")
    return signature, signature.forms.by_name[form].arguments


def _export(path, name):
    """Import the loss in its family, and list it in `__all__`, each in alphabetical order."""
    text = path.read_text(encoding="utf8")
    head, found, rest = text.partition("__all__ = [")
    names = sorted({*re.findall(r'"(\w+)"', rest.partition("]")[0]), name})
    head = head.replace("|---|---|\n", f"|---|---|\n| `{name}` | {TO_WRITE} |\n", 1)
    line = f"from .{name} import {name}\n"
    later = [m for m in re.finditer(r"^from \.(\w+) import", head, re.M) if m[1] > name]
    if later:
        place = later[0].start()
        head = f"{head[:place]}{line}{head[place:]}"
    else:
        head = f"{head.rstrip()}{chr(10) if 'from .' in head else chr(10) * 2}{line}\n"
    listed = "".join(f'    "{each}",\n' for each in names)
    tail = rest.partition("]")[2].replace("  # fmt: skip", "", 1)
    path.write_text(f"{head}{found}\n{listed}]{tail}", encoding="utf8")


def _loop(tests, words):
    """The naive loop, in a file of its own where the loops of the family are a folder."""
    loop, entry = LOOP.format(**words), f'    "{words["name"]}": {words["name"]},\n'
    if (tests / "references").is_dir():
        opening = f'"""{words["title"]} as loops over plain numbers."""\n'
        table = f"\n\nREFERENCES = {{\n{entry}}}\n"
        return [write(tests / "references" / f"{words['name']}.py", opening + loop + table)]
    path = tests / "references.py"
    text = path.read_text(encoding="utf8")
    head, _, table = text.partition("REFERENCES = {")
    table = table if table.startswith("\n") else f"\n{table}"
    path.write_text(
        f"{head.rstrip()}\n{loop}\n\nREFERENCES = {{\n{entry}{table.removeprefix(chr(10))}", encoding="utf8"
    )
    return [path]
