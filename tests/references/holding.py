"""References of losses that hold a quantity fixed in their gradient."""

import functools


def holding(**found):
    """The decorated loop takes these arguments too: each is found from the other arguments by its function.

    The gradient of such a loss is that of the loop with the found values held fixed: whoever differentiates the loop
    takes them from `fixed` once, at the inputs themselves, and passes them on.
    """

    def decorate(naive):
        @functools.wraps(naive)
        def whole(**given):
            return naive(**{**whole.fixed(**given), **given})

        whole.fixed = lambda **given: {name: find(**given) for name, find in found.items() if name not in given}
        return whole

    return decorate
