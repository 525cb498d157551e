"""Numbers that the generated tests measure on their way: how many digits are right, how far inputs may grow."""

_noted = {}


def note(case, **numbers):
    """Keep the worst (lowest) of each number for a case until the report of the running test takes it along.

    Numbers are such that more is better: digits, the exponent of a range.
    """
    kept = _noted.setdefault(case.id, {})
    for name, number in numbers.items():
        kept[name] = min(number, kept.get(name, number))


def taken():
    """What was noted since the last call: case id -> {name: number}."""
    found = dict(_noted)
    _noted.clear()
    return found
