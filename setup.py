"""The one step of a build that `pyproject.toml` cannot name: stubs for editors are written from the sources."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path(__file__).parent / "src" / "lossatlas"


class BuildWithStubs(build_py):
    def run(self):
        runpy.run_path(str(PACKAGE / "publishing" / "build" / "stubs.py"))["write_stubs"](PACKAGE)
        super().run()


setup(cmdclass={"build_py": BuildWithStubs})
