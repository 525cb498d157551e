"""Names of losses and cuts as they stand on figures."""

import textwrap


def title_of(entry):
    """The name that the docstring begins with, as in "Z-loss: how many ..."; without one, that of the function."""
    name, colon, _ = entry.summary.partition(": ")
    name = name.removeprefix("The ") if colon else entry.name.replace("_", " ")
    return name[0].upper() + name[1:]


def purpose_of(entry):
    """What the first sentence of the docstring says after the name."""
    _, colon, purpose = entry.summary.partition(": ")
    purpose = purpose if colon else entry.summary
    return purpose[:1].upper() + purpose[1:]


def wrapped(text, width=44):
    """An axis title that fits a phone."""
    return "<br>".join(textwrap.wrap(text, width))


def note_of(cuts):
    """What the first of the cuts with a note holds fixed, as a sentence."""
    notes = [cut.note for cut in cuts if cut.note]
    return notes[0][0].upper() + notes[0][1:] + "." if notes else ""
