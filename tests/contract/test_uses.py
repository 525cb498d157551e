"""The docstring of every registered loss states when to use it and when not."""

import re

import pytest
from tests.contract import toys
from tests.contract.cases import entries

import lossatlas
from lossatlas import losses
from lossatlas.contract import loss
from lossatlas.signatures import logits


def sentences_of(use):
    return re.split(r"(?<=[.])\s", use)


def names_in(text):
    return re.findall(r"`(\w+)`", text)


def exported():
    """Everything that the packages of the families export."""
    return {name for family in losses.families() for name in getattr(losses, family).__all__}


def test_it_says_when_to_use_it_and_when_not(entry):
    assert entry.use, f"the docstring of {entry.name} has a paragraph that starts with 'Use:'"
    assert 60 <= len(entry.use) <= 400, f"{len(entry.use)} characters: {entry.use!r}"
    assert re.fullmatch(r"When .+?[.;] Not .+[.]", entry.use), f"not 'When ... . Not ... .': {entry.use!r}"


def test_its_use_stands_between_formula_and_arguments(entry):
    text = entry.function.__doc__
    assert text.count("Use: ") == 1
    assert text.index("$$") < text.index("Use: ") < text.index("Args:\n")


def test_what_its_use_names_exists(entry):
    known = exported() | {name for other in entries() for name in (other.name, *other.aliases)}
    arguments = {*entry.signature.names, *entry.defaults, "mask", "sample_weight"}
    unknown = set(names_in(entry.use)) - known - arguments
    assert not unknown, f"`{'`, `'.join(sorted(unknown))}` is neither a loss, nor exported, nor an argument of it"
    assert entry.name not in names_in(entry.use), "what to prefer instead is another loss"


def test_no_two_losses_share_a_sentence():
    seen = {}
    for entry in entries():
        for sentence in sentences_of(entry.use):
            assert sentence not in seen, f"{entry.name} and {seen[sentence]}: {sentence!r}"
            seen[sentence] = entry.name
    assert len(seen) >= 2 * len(entries())


@pytest.mark.usefixtures("scratch_registry")
def test_use_is_read_from_the_docstring_as_one_line():
    toys.upside_down()
    assert lossatlas.get("toy_loss").use == ""

    @loss(logits, paper="good1952rational")
    def toy_loss_with_use(logits, target):
        r"""Cross-entropy.

        $$ \ell = -\log p_y $$

        Use: When labels are
        clean. Not when some are wrong.

        Args:
            logits: scores. Use: not this one.
        """
        return logits[:, 0] * 0

    assert lossatlas.get("toy_loss_with_use").use == "When labels are clean. Not when some are wrong."
