"""The entry of one loss or operation as MyST: all that its declaration and its docstring say."""

from lossatlas.contract import losses
from lossatlas.contract.registry import Loss

from ...build.addresses import to_top
from .arguments import arguments, call_of, refusals
from .docstring import read
from .links import canonical, page_of, with_links
from .paste import paste
from .special import becomes, becomes_this


def opening(entry, level=2):
    """Heading, anchor, purpose, formula, when to use it, the call, its arguments, what is returned and refused.

    Args:
        entry: a loss or an operation.
        level: the level of its heading.
    """
    page, documented = page_of(entry.family), read(entry.body)
    parts = [
        f"{'#' * level} `{entry.name}`",
        f"```{{anchor}} {entry.name}\n```",
        with_links(documented.purpose, page, entry.name),
        with_links(documented.text, page, entry.name),
        _labelled("Use", documented.parts.get("Use"), page, entry.name),
        f"```python\n{call_of(entry, _where(entry))}\n```",
        arguments(entry, documented, page),
        _labelled("Returns", documented.parts.get("Returns"), page, entry.name),
        _labelled("Raises", documented.parts.get("Raises"), page, entry.name),
        _errors(entry) if isinstance(entry, Loss) else "",
        _labelled("Differs", documented.parts.get("Differs"), page, entry.name),
        _labelled("Paper", documented.parts.get("Paper"), page, entry.name),
        *(f"```pycon\n{example}\n```" for example in documented.examples),
    ]
    if isinstance(entry, Loss):
        parts.append(f"{{.atlas-label}}\n**Example**\n\n```python\n{paste(entry)}\n```")
    return "\n\n".join(part for part in parts if part)


def relations(entry):
    """What a loss becomes in special cases, which others become this one, and where it can be laid over another."""
    page = page_of(entry.family)
    own, others = becomes(entry, page), becomes_this(entry, page)
    parts = []
    if own or others:
        parts.append("{.atlas-label}\n**Special cases**\n\n" + "\n".join(f"- {case}" for case in (*own, *others)))
    if other := beside(entry):
        address = f"{to_top(page)}losses.html#a={entry.name}&amp;b={other}"
        parts.append(f'<a class="atlas-beside-link" href="{address}">Lay it over another loss of its signature</a>')
    return "\n\n".join(parts)


def source(entry):
    """The code, folded."""
    return (
        f'<details class="atlas-source"><summary>Source of {entry.name}</summary>\n\n'
        f"```python\n{entry.source}\n```\n\n</details>"
    )


def beside(entry):
    """The loss that this one is first laid over, or None where no other has its signature.

    One that it becomes comes first, then one that becomes this one, then one of its family.
    """
    if not entry.signature.probes.lines:
        return None
    alike = [other for other in losses(signature=entry.signature) if other is not entry]
    becomes = {canonical(case.of) for case in entry.special_cases}

    def far(other):
        near = other.name in becomes, entry.name in {canonical(case.of) for case in other.special_cases}
        return (*(not found for found in near), other.family != entry.family)

    return min(alike, key=far).name if alike else None


def _where(entry):
    return "lossatlas" if isinstance(entry, Loss) else f"lossatlas.losses.{entry.family}"


def _labelled(label, text, page, own):
    return f"**{label}.** {with_links(text[:1].upper() + text[1:], page, own)}" if text else ""


def _errors(entry):
    items = "".join(f"<li>{words}</li>" for words in refusals(entry))
    return f'<details class="atlas-errors"><summary>Errors</summary><ul>{items}</ul></details>'
