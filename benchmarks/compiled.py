"""Forward and backward of every registered loss under `torch.compile`, beside its peers in their faster form."""

import multiprocessing
import os
import types
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch

import lossatlas

from . import contest
from .contest import SIZES, Terms, contests, inputs_of, there_and_back
from .memory import peak_bytes
from .timing import FEWEST_ROUNDS, alternate, ratio, spread

#: Peers of a loss that are compiled: compiling one takes as long as measuring many.
MOST_PEERS = 1


def compiled(function, name, backend="inductor"):
    """The function compiled, with a code object of its own, by which compiled forms are found and counted."""
    code = function.__code__.replace(co_name=name)
    own = types.FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
    return torch.compile(own, backend=backend, dynamic=False)


def runs_of(entry, size, terms, rivals, backend):
    """The loss's run, and by peer its run, or None where torch.compile fails on it."""
    torch._dynamo.reset()
    inputs = inputs_of(entry.signature, SIZES[size], terms.dtype)
    run = there_and_back(compiled(contest.ours(entry, terms), "loss", backend), inputs, terms)
    run()
    return inputs, run, {peer.id: _tried(peer, place, inputs, terms, backend) for place, peer in enumerate(rivals)}


def _tried(peer, place, inputs, terms, backend):
    run = there_and_back(compiled(contest.theirs(peer, terms), f"peer{place}", backend), inputs, terms)
    try:
        run()
    except Exception:  # whatever a package stumbles over while it is compiled, its users stay with the eager form
        return None
    return run


def torch_contest(entry, size, among=None):
    """The terms on which compiled forms are compared, the usual ones where a peer has them, and the peers.

    `among` are the ids of the peers, by default all. Packages with a gradient of their own are not among them.
    """
    found = [(terms, rivals) for terms, rivals in contests(entry, size) if not terms.own_gradient]
    terms, rivals = min(found, key=lambda pair: pair[0] != Terms(), default=(Terms(), []))
    return terms, [peer for peer in rivals if among is None or peer.id in among]


def fastest_eager(entry, size):
    """Ids of the `MOST_PEERS` peers that are fastest as they are: those worth the time it takes to compile them."""
    terms, rivals = torch_contest(entry, size)
    inputs = inputs_of(entry.signature, SIZES[size], terms.dtype)
    samples = alternate({peer.id: contest.run_of(peer, inputs, terms) for peer in rivals}, rounds=FEWEST_ROUNDS)
    return sorted(samples, key=lambda name: spread(samples[name])["median"])[:MOST_PEERS]


def measure(entry, size, pace, among, *, backend="inductor"):
    """The rows of a compiled loss at a size. A peer that is faster eager, or only runs eager, is met in that form.

    Args:
        pace: arguments of `timing.alternate`.
        among: ids of the peers.
    """
    terms, rivals = torch_contest(entry, size, among)
    with warnings.catch_warnings(action="ignore"):  # warnings of the compiler about a package's code are of no use here
        inputs, run, tried = runs_of(entry, size, terms, rivals, backend)
        runs = {("compiled", name): one for name, one in tried.items() if one is not None}
        runs |= {("eager", peer.id): contest.run_of(peer, inputs, terms) for peer in rivals}
        samples = alternate({"loss": run, **runs}, **pace)
        row = contest.alone(entry, size, "compiled", samples["loss"], peak_bytes(run))
        rows = []
        for peer in rivals:
            forms = {key: spread(samples[key])["median"] for key in runs if key[1] == peer.id}
            faster = min(forms, key=forms.get)
            found = contest.beside(row, peer, terms, samples["loss"], samples[faster], peak_bytes(runs[faster]))
            if faster[0] == "eager" and ("compiled", peer.id) in runs:
                found["compiled_ratio"] = ratio(samples["loss"], samples["compiled", peer.id])["median"]
            rows.append(found | {"peer_form": faster[0]})
    torch._dynamo.reset()
    return contest.mark_fastest(rows or [row])


def compile_ahead(cells, report):
    """Compile losses and peers on all cores, so that measuring, one after the other, finds them in the cache.

    Args:
        cells: name of a loss, size, ids of the peers.
        report: function that is given a line of progress.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(_compile_cell, *cell) for cell in cells]
        for count, done in enumerate(as_completed(waiting), 1):
            report(f"compiling {count}/{len(cells)}: {done.result()}")


def _compile_cell(loss, size, among):
    torch.set_num_threads(1)
    entry = lossatlas.get(loss)
    with warnings.catch_warnings(action="ignore"):
        runs_of(entry, size, *torch_contest(entry, size, among), "inductor")
    return f"{loss} {size}"
