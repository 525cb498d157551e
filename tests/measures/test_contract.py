"""Every measure is an operation of the contract, and has its loop."""

from tests.measures.references import REFERENCES

from lossatlas import measures
from lossatlas.contract import operations


def test_every_exported_name_is_under_contract():
    found = {entry.name: entry.function for entry in operations(family="measures")}
    assert found == {name: getattr(measures, name) for name in measures.__all__}
    assert set(REFERENCES) == set(found)
