"""The card of a verdict: its numbers, and a dot plot of the effects, one dot per seed, as HTML with inline SVG.

Text and axes take the colour of the page, so that the card is right on light and dark ground.
"""

import html
import math

SIGNS = {"supported": "✓", "not supported": "✗", "inconclusive": "?"}
# Mid tones with at least 3 : 1 contrast on white and on black. The word says the same as the colour.
TONES = {"supported": "#2e8b57", "not supported": "#d1495b", "inconclusive": "#8a7f2d"}
DOT = "#3f86c6"

WIDTH, LEFT, RIGHT = 360, 14, 346
DOTS, BAR, AXIS, HEIGHT = 40, 72, 86, 108
RADIUS = 3.4


def anchor(key):
    """The name under which a link finds the card of a claim."""
    return f"claim-{key}"


def card(verdict):
    """HTML of a verdict."""
    claim, tone = verdict.claim, TONES[verdict.word]
    facts = [("Effect", claim.effect), ("Result", verdict.numbers), ("Rule", str(claim.rule))]
    listed = "".join(f"<dt>{name}</dt><dd style='margin:0 0 .3em 1em'>{html.escape(text)}</dd>" for name, text in facts)
    return (
        f'<div class="atlas-verdict" id="{anchor(claim.key)}" data-key="{claim.key}" data-word="{verdict.word}"'
        f' style="border:1px solid #8888;'
        f"border-left:.4em solid {tone};border-radius:.4em;padding:.6em 1em;margin:1em 0;max-width:40rem;"
        'background:transparent;color:inherit">'
        f'<p style="margin:.2em 0"><strong>{SIGNS[verdict.word]} {verdict.word.capitalize()}</strong>'
        f" · {len(verdict.effects)} seeds · tier {verdict.tier}</p>"
        f'<p style="margin:.4em 0">{html.escape(claim.statement)}</p>'
        f'{dot_plot(verdict)}<dl style="margin:.4em 0">{listed}</dl></div>'
    )


def dot_plot(verdict):
    """SVG: dots for the seeds, a bar for the interval of the mean, dashed lines for the rule."""
    lines, (low, high) = verdict.claim.rule.lines, verdict.interval
    ends = [*verdict.effects, *lines, low, high]
    start, stop = min(ends), max(ends)
    pad = 0.05 * (stop - start) or 0.05 * abs(start) or 1.0
    start, stop = start - pad, stop + pad

    def x(value):
        return LEFT + (RIGHT - LEFT) * (value - start) / (stop - start)

    parts = [f'<line x1="{LEFT}" x2="{RIGHT}" y1="{AXIS}" y2="{AXIS}" stroke="currentColor"/>']
    for tick in ticks(start, stop):
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{AXIS}" y2="{AXIS + 4}" stroke="currentColor"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{AXIS + 17}" text-anchor="middle">{tick:g}</text>')
    for line in lines:
        parts.append(
            f'<line x1="{x(line):.1f}" x2="{x(line):.1f}" y1="8" y2="{AXIS}" stroke="currentColor"'
            ' stroke-dasharray="4 3"/>'
        )
    parts += [
        f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{RADIUS}" fill="{DOT}" fill-opacity=".85"/>'
        for cx, cy in swarm(map(x, verdict.effects))
    ]
    tone = TONES[verdict.word]
    parts.append(f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{BAR}" y2="{BAR}" stroke="{tone}" stroke-width="3"/>')
    parts.append(f'<circle cx="{x(verdict.mean):.1f}" cy="{BAR}" r="4.5" fill="{tone}"/>')

    title = f"Effects of {len(verdict.effects)} seeds: {verdict.word}"
    described = (
        f"Each dot is one seed. {verdict.numbers}. The bar below is the interval, the dashed line the rule: "
        f"{verdict.claim.rule}."
    )
    return (
        f'<svg role="img" aria-label="{html.escape(f"{title}. {described}")}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' style="width:100%;max-width:36rem;height:auto;font-size:12px" fill="currentColor">'
        f"<title>{html.escape(title)}</title><desc>{html.escape(described)}</desc>{''.join(parts)}</svg>"
    )


def swarm(positions):
    """Points (x, y) of dots near their x, piled up around the middle line where they would overlap."""
    columns = {}
    for position in sorted(positions):
        columns.setdefault(round(position / (2 * RADIUS)), []).append(position)
    room = DOTS - 12
    for column in columns.values():
        gap = min(2 * RADIUS, 2 * room / len(column))
        for n, position in enumerate(column):
            yield position, DOTS + gap * (n - (len(column) - 1) / 2)


def ticks(start, stop):
    """Round numbers between start and stop, three to seven of them."""
    rough = (stop - start) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))
    first, last = math.ceil(start / step), math.floor(stop / step)
    return [float(f"{n * step:.6g}") for n in range(first, last + 1)]
