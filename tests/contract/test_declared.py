"""What is declared of a loss is complete and consistent."""

import re

import pytest
from tests.contract.cases import entries
from tests.references import recorded

import lossatlas
from lossatlas.contract import PROMISES


def test_it_says_what_it_is(entry):
    assert re.fullmatch(r"\S.+[.]", entry.summary), f"the docstring starts with a sentence: {entry.summary!r}"
    name, colon, _ = entry.summary.partition(": ")
    assert colon and len(name.split()) <= 6, f"it starts with a name and a colon, as in 'Z-loss: …': {entry.summary!r}"
    assert entry.formula, "the docstring has a formula between double dollars"
    assert entry.paper, "the decorator names the paper"
    assert "return" in entry.source


def test_it_is_found_by_name_function_and_alias(entry):
    for name in (entry.name, entry.function, entry, *entry.aliases):
        assert lossatlas.get(name) is entry
    assert entry in lossatlas.registry(family=entry.family, signature=entry.signature, paper=entry.paper)


def test_every_number_among_the_hyper_parameters_has_a_domain_with_its_default_inside(entry):
    for name, default in entry.defaults.items():
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert default in entry.domains[name], f"{name}={default} is not {entry.domains[name]}"


def test_defaults_are_those_recorded(entry):
    """A default that changes changes what everybody computes: it changes in the record too, or not at all."""
    record = recorded.of(entry)
    if not record:
        pytest.skip("nothing is recorded of it")
    assert recorded.defaults_of(entry) == record["defaults"], recorded.RENEW


def test_what_pictures_show_of_a_domain_is_valid(entry):
    for name, domain in entry.domains.items():
        if domain.show is not None:
            low, high = domain.show
            assert low < high and low in domain and high in domain, f"{name} is shown on {domain.show}, but is {domain}"


def test_every_exemption_gives_its_reason_in_a_sentence(entry):
    for promise, reason in entry.exempt.items():
        assert promise in PROMISES
        assert re.fullmatch(r"[A-Z\d`$(].+[.]", reason.strip(), re.S), f"{promise}: {reason!r} is not a sentence"
        assert len(reason.split()) >= 5, f"{promise}: {reason!r} gives no reason"


def test_a_loss_for_whole_batches_says_why_it_has_no_items(entry):
    assert entry.items != "batch" or "items" in entry.exempt


def test_names_are_unique():
    names = [name for entry in entries() for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    assert names, "no loss is registered"


@pytest.mark.parametrize("name", lossatlas.__all__)
def test_every_public_name_exists(name):
    assert hasattr(lossatlas, name)


def test_every_loss_is_public(entry):
    assert getattr(lossatlas, entry.name, None) is entry.function, f"{entry.name} is not exported by its family"
