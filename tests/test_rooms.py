"""Imports run downward only, as the architecture demands: what stands lower knows nothing of what stands above it."""

import ast
from pathlib import Path

import lossatlas

ROOT = Path(lossatlas.__file__).parent
#: From the lowest to the highest; what stands in one line may not import one another.
LAYERS = (
    ("contract",),
    ("signatures",),
    ("losses", "distributed"),
    ("measures", "training"),
    ("explore", "evidence", "catalogue", "exercises"),
    ("classroom",),
    ("publishing",),
)
#: Beside one another, and allowed: training measures what it trains.
BESIDE = {("training", "measures")}
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def imports(path):
    """The modules of the library that a file imports, as parts below `lossatlas`, with the line of each."""
    package = ("lossatlas", *path.relative_to(ROOT).with_suffix("").parts)[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = (*base, *(node.module.split(".") if node.module else ()))
            names = [(*name, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        yield from ((full[1:], node.lineno) for full in names if full[0] == "lossatlas")


def upward(path):
    """Imports of a file from a room that does not stand below its own."""
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name, line in imports(path):
        room = name[0] if name and name[0] in LEVEL else own
        if room != own and LEVEL[room] >= LEVEL[own] and (own, room) not in BESIDE:
            yield f"{path.relative_to(ROOT)}:{line} imports {'.'.join(name)}"


def files():
    return [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts != ("__init__.py",)]


def test_every_room_has_its_place():
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()}
    assert rooms == set(LEVEL)


def test_imports_run_downward():
    assert [found for path in files() for found in upward(path)] == []


def test_a_family_imports_no_other():
    """Two families share no file: what both need stands in the contract or in the signatures."""
    found = []
    for path in sorted((ROOT / "losses").glob("*/*.py")):
        for name, line in imports(path):
            if name[:1] == ("losses",) and len(name) > 2 and name[1] != path.parent.name:
                found.append(f"{path.relative_to(ROOT)}:{line} imports {'.'.join(name)}")
    assert found == []


def test_an_import_upward_is_found(tmp_path, monkeypatch):
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "bad.py").write_text("from ..signatures import logits\nfrom .checks import wrong\n")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert list(upward(tmp_path / "contract" / "bad.py")) == ["contract/bad.py:1 imports signatures.logits"]
