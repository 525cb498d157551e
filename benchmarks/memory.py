"""Peak memory of a run, counted at torch's allocator: the same number in every run, whatever else the machine does."""

import gc

from torch.profiler import ProfilerActivity, profile


def peak_bytes(run):
    """The most bytes that a function allocates at once beyond what was there before it, its result included.

    Args:
        run: function without arguments. What it allocates outside torch is not counted.
    """
    run()  # what only the first call keeps, such as compiled code and caches, is not of the function
    gc.disable()  # what other runs left for the collector must not go while this one is counted
    try:
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
            result = run()
    finally:
        gc.enable()
    del result
    changes = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    allocated = peak = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        allocated += change.nbytes()
        peak = max(peak, allocated)
    return peak
