"""Stubs name what is imported late, each name from the file that defines it."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lossatlas
from lossatlas.publishing.build.stubs import write_stubs
from lossatlas.signatures import SIGNATURES

PACKAGE = Path(lossatlas.__file__).parent


@pytest.fixture
def stubs(tmp_path):
    """path below the package -> text, of a copy of the sources."""
    package = tmp_path / "lossatlas"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    return {path.relative_to(package).as_posix(): path.read_text() for path in write_stubs(package)}


def test_all_losses_are_named_where_they_are_defined(stubs):
    named = {
        name: module
        for module, name in re.findall(r"^from (\.losses\.\S+) import (\w+) as", stubs["__init__.pyi"], re.M)
    }
    assert named == {e.name: e.body.__module__.removeprefix("lossatlas") for e in lossatlas.registry()}
    assert {"registry", "get", "signatures"} <= set(re.findall(r"as (\w+)$", stubs["__init__.pyi"], re.M))


def test_families_and_signatures_are_named(stubs):
    assert set(re.findall(r"as (\w+)$", stubs["losses/__init__.pyi"], re.M)) == set(lossatlas.losses.families())
    assert set(SIGNATURES) < set(re.findall(r"as (\w+)$", stubs["signatures/__init__.pyi"], re.M))
    for text in stubs.values():
        ast.parse(text)


def test_they_are_not_committed():
    found = subprocess.run(["git", "ls-files", "*.pyi"], cwd=PACKAGE, capture_output=True, text=True)
    assert found.stdout == ""


def test_importing_the_library_imports_no_family():
    code = (
        "import sys, lossatlas; heavy = 'lossatlas.losses.', 'lossatlas.explore', 'matplotlib', 'plotly', 'sklearn'; "
        "print([m for m in sys.modules if m.startswith(heavy)])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
    code = (
        "import sys, lossatlas; lossatlas.info_nce; "
        "print(sorted(m for m in sys.modules if m.count('.') == 2 and m.startswith('lossatlas.losses.')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "['lossatlas.losses.contrastive']\n"
    )
