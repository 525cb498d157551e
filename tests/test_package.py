"""The package's description of itself agrees with the book's configuration and with the tested environment."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
LINES = [
    line for line in (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines() if not line.startswith("#")
]
PINS = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LINES)}
EXTRAS = [requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra]


def test_addresses_are_those_of_the_configuration():
    configuration = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    assert PROJECT["urls"] == {
        "Documentation": configuration["html"]["baseurl"],
        "Source": configuration["repository"]["url"],
    }


@pytest.mark.parametrize("text", sorted({*PROJECT["dependencies"], *EXTRAS}))
def test_tested_environment_is_within_the_ranges(text):
    requirement = Requirement(text)
    if canonicalize_name(requirement.name) != PROJECT["name"]:
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_every_package_is_pinned_once():
    assert len(PINS) == len(LINES)
    assert all(PINS.values())
