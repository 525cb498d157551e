"""Timing side by side: the runs take turns, so that a busy moment of the machine hits all of them.

Seconds are those of the processor, on one thread: on an idle machine the seconds of the clock on the wall, on a busy
one without the time that other programs took.
"""

import os
import platform
import statistics
import time
from pathlib import Path

import torch

#: Rounds that even the slowest runs get.
FEWEST_ROUNDS = 5


def alternate(runs, *, rounds, least_seconds=0.0, most_seconds=float("inf")):
    """Time functions in turn, round after round.

    Args:
        runs: name -> function without arguments.
        rounds: samples of each.
        least_seconds: a sample repeats its function until, by the time of the first call, it fills this.
        most_seconds: no further round after this time, once there are `FEWEST_ROUNDS`.

    Returns:
        name -> seconds of one call, a list of `rounds` samples, or of fewer where time ran out.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _samples(runs, rounds, least_seconds, most_seconds)
    finally:
        torch.set_num_threads(threads)


def _samples(runs, rounds, least_seconds, most_seconds):
    repeats = {}
    for name, run in runs.items():
        run()  # the first call of all pays for allocations and caches
        repeats[name] = max(1, round(least_seconds / _seconds(run, 1)))
    samples, start = {name: [] for name in runs}, time.process_time()
    for done in range(rounds):
        if done >= FEWEST_ROUNDS and time.process_time() - start > most_seconds:
            break
        for name, run in runs.items():
            samples[name].append(_seconds(run, repeats[name]))
    return samples


def _seconds(run, repeats):
    start = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats


def spread(values):
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": middle, "low": low, "high": high}


def ratio(above, below):
    """How many times as long as `below` each sample of `above` took, of the same round: median and quartiles."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def difference(above, below):
    """How much longer than `below` each sample of `above` took, of the same round: median and quartiles."""
    return spread([a - b for a, b in zip(above, below, strict=True)])


def machine():
    """What the numbers were measured on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": 1,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _cpu():
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0] if names else platform.processor() or platform.machine()
