"""Names of losses and cuts as they stand on figures."""

import textwrap

_ACRONYMS = {
    "kl": "KL",
    "ldr": "LDR",
    "aldr": "ALDR",
    "bce": "BCE",
    "svm": "SVM",
    "l2": "L2",
    "mse": "MSE",
    "nll": "NLL",
}


def title_of(entry):
    """The name that the docstring begins with, as in "Z-loss: how many ..."; else `ldr_kl_loss` as LDR KL loss."""
    name, colon, _ = entry.summary.partition(": ")
    if colon and len(name.split()) <= 5:
        text = name.removeprefix("The ")
    else:
        text = " ".join(_ACRONYMS.get(word, word) for word in entry.name.split("_"))
    return text[0].upper() + text[1:]


def purpose_of(entry):
    """What the first sentence of the docstring says after the name."""
    name, colon, purpose = entry.summary.partition(": ")
    purpose = purpose if colon and len(name.split()) <= 5 else entry.summary
    return purpose[:1].upper() + purpose[1:]


def wrapped(text, width=44):
    """An axis title that fits a phone."""
    return "<br>".join(textwrap.wrap(text, width))


def note_of(cuts):
    """What the first of the cuts with a note holds fixed, as a sentence."""
    notes = [cut.note for cut in cuts if cut.note]
    return notes[0][0].upper() + notes[0][1:] + "." if notes else ""
