"""The page *What was proven*: what the generated tests ask, and what they found for every loss."""

import html

from lossatlas.contract import PROMISES

from ..build.records import COMMANDS
from ..build.wording import code, machine_words, power, raw, sentence, table
from .certificate import PARTS, RANKS, failed, mark, promises, title

OPENING = """(proof)=
# What was proven

A loss function is short, and easy to get slightly wrong: a logarithm of a probability that was rounded to 0, a mean
over the wrong count, a gradient that is right everywhere but at the edge. Such errors do not stop a training run. They
only make it worse.

So every loss of this library goes through the same tests. Nobody writes them for a loss: they are generated from its
signature, the kind of input it takes, and from what is declared of it. This page shows how they ended. It is made of
the record of a run; so is the certificate in the reference entry of each loss.

## What the tests ask

**Is it the formula?** Value and gradient equal numbers recorded from official code, where there is some. On random
shapes, with ties, single items and large numbers, the loss equals a plain loop over plain numbers, written from the
formula and from nothing else. Where it is declared to contain another loss, it equals that one. It stays the same under
what should not change it, stays within its bounds, and nothing lies below its optimum.

**Is it right to the last digit?** It is compared with arithmetic of many more digits. *Right digits* are how many
decimal digits of the value, and of its gradient, agree with it at the worst input; float64 can carry almost 16, float32
a little more than 7. The *range* is how far all inputs can be scaled up and down before digits get lost. At logits of
±10,000, with classes ruled out by $-\\infty$, with coincident points and saturated probabilities, value and gradient
must be *right*, not just finite. In half precision and under autocast the result must be the precise one, rounded.

**Is the gradient the gradient?** Finite differences say so, once and twice, also for a random cotangent on single
items.

**Does it average what it should?** An item of weight two counts like the item given twice; weight zero, a mask and
leaving the item out are the same, even where the masked item holds garbage. A batch that is empty or wholly masked
gives 0 attached to the graph, never NaN.

**Is it at home in PyTorch?** `vmap`, `torch.func.grad`, `torch.compile`, strided and expanded tensors, copies,
`state_dict`: the same values. Inputs are left as they were.

**Does it say what is wrong?** Every wrong input gets a message that names the argument, what was expected, and what
came.
"""

EXEMPTIONS = """## Exemptions

What a loss cannot keep is declared with a reason. A test sees to it that no exemption stands that is not needed.
"""

SIGNS = """A tick: it holds. A dash: the loss is exempt, for a reason that stands below. A cross: it fails. A dot: it
does not apply. Digits are value / gradient, at the worst input that was tried. *Other tests* counts those that passed
and belong to no promise.
"""

COUNTED = """Each test runs at the defaults of a loss and at another setting of its hyper-parameters. The columns count
losses.
"""


def proof_page(entries, certificates, anchors=None):
    """The page as MyST markdown.

    Args:
        entries: all losses.
        certificates: what `records.certificates` gives.
        anchors: loss -> address of its certificate, where a page has one.
    """
    known = [entry for entry in entries if entry.name in certificates]
    missing = [entry.name for entry in entries if entry.name not in certificates]
    parts = [OPENING, "## Loss by loss\n"]
    if known:
        parts += [_tally(known, certificates), SIGNS, raw(_table(known, certificates, anchors or {}))]
    if missing:
        which = (
            f"These losses are not certified yet: {', '.join(map(_name, missing))}."
            if known
            else "No loss is certified yet."
        )
        parts.append(
            f"{which} `{COMMANDS['certificates']}` puts every loss through its tests and leaves the record that this "
            "page is made of.\n"
        )
    parts += [EXEMPTIONS, _exemptions(entries)]
    if known:
        parts += [
            "## Where it was run\n",
            _origins(known, certificates),
            "## Every test by name\n",
            COUNTED,
            raw(_tests(known, certificates)),
        ]
    return "\n".join(parts)


def _tally(known, certificates):
    runs = sum(certificates[entry.name]["runs"] for entry in known)
    tests = {test for entry in known for test in certificates[entry.name]["tests"]}
    broken = [entry.name for entry in known if failed(certificates[entry.name])]
    old = [entry.name for entry in known if not certificates[entry.name]["current"]]
    said = f"{len(known)} losses, {len(tests)} tests, {runs} runs. "
    said += f"**Tests fail for {', '.join(map(_name, broken))}.**" if broken else "None fails."
    if old:
        which = "any loss" if len(old) == len(known) else ", ".join(map(_name, old))
        said += (
            f" The sources have changed since the tests were run for {which}; "
            f"`{COMMANDS['certificates']}` proves them anew."
        )
    return f"{said}\n"


def _table(known, certificates, anchors):
    shown = list(dict.fromkeys(promise for entry in known for promise in promises(certificates[entry.name])))
    shown.sort(key=lambda name: (*PROMISES, name).index(name))
    measured = {key for entry in known for key in certificates[entry.name]["measured"]}
    numbers = {heading: cell for heading, (keys, cell) in NUMBERS.items() if measured & set(keys)}
    rows = []
    for entry in known:
        facts = certificates[entry.name]
        name = code(entry.name)
        first = f'<a href="{anchors[entry.name]}">{name}</a>' if entry.name in anchors else name
        ends = promises(facts)
        other = [end for test, end in facts["tests"].items() if not facts["promises"][test]]
        worst = max((end for end in other), key=RANKS.index, default="skipped")
        ran = sum(end == "passed" for end in other)
        digits = [cell(facts["measured"]) for cell in numbers.values()]
        rows.append([first, *digits, *(mark(ends.get(promise, "skipped")) for promise in shown), mark(worst, f"{ran}")])
    head = ["Loss", *numbers, *map(title, shown), "Other tests"]
    return table(head, rows, label="What was proven of every loss", kind="atlas-proof")


def _pair(n):
    def cell(measured):
        value, gradient = (
            f"{measured[key]:.1f}" if key in measured else "" for key in (f"digits{n}", f"slope_digits{n}")
        )
        return f"{value} / {gradient}" if gradient else value

    return cell


def _range(measured):
    ends = [power(sign * int(measured[key])) for key, sign in (("shrinks_to", -1), ("grows_to", 1)) if key in measured]
    return " … ".join(ends)


#: heading -> (numbers it needs, its cell)
NUMBERS = {
    "Right digits, float64": (("digits64",), _pair(64)),
    "float32": (("digits32",), _pair(32)),
    "Range": (("shrinks_to", "grows_to"), _range),
    "Official numbers": (
        ("official",),
        lambda measured: f"{measured['official']:.1f}" if "official" in measured else "",
    ),
}


def _exemptions(entries):
    rows = [
        [code(entry.name), html.escape(PROMISES[promise]), html.escape(reason)]
        for entry in entries
        for promise, reason in entry.exempt.items()
    ]
    if not rows:
        return "No loss is exempt from anything.\n"
    return raw(table(["Loss", "Is exempt from", "Because"], rows, label="Declared exemptions", kind="atlas-words"))


def _origins(known, certificates):
    machines = {}
    for entry in known:
        machines.setdefault(machine_words(certificates[entry.name]["machine"]), []).append(entry.name)
    if len(machines) == 1:
        return f"All of it on {next(iter(machines))}.\n"
    return "".join(f"- On {machine}: {', '.join(map(_name, names))}.\n" for machine, names in machines.items())


def _tests(known, certificates):
    """What ran, by part, with how many losses passed it: the names of the tests are what they ask."""
    tests = {}
    for entry in known:
        for test, end in certificates[entry.name]["tests"].items():
            tests.setdefault(test, []).append(end)
    rows = [
        [PARTS.get(part, sentence(part)), sentence(name), *_counts(ends)]
        for (part, _, name), ends in ((t.partition("/"), e) for t, e in sorted(tests.items()))
    ]
    return table(
        ["Part", "What it asks", "Passed", "Exempt", "Does not apply", "Fails"],
        rows,
        label="Every generated test",
        kind="atlas-counts",
    )


def _counts(ends):
    return [str(ends.count(end)) for end in ("passed", "xfailed", "skipped", "failed")]


def _name(loss):
    return f"`{loss}`"
