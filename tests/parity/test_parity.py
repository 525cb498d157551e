"""Every peer that is installed computes what the loss computes, except where its finding describes a difference."""

import pytest
import torch
from benchmarks.peers import packages, peers
from tests.parity.agreement import CAP, digits, exact, given, ours, rounded, samples, theirs

import lossatlas

PEERS = peers()
FOUND = [peer for peer in PEERS if peer.finding]
SOUND = [peer for peer in PEERS if not peer.finding]
#: digits that are required
ENOUGH = {"float64": 13.0, "float32": 5.5}
#: how far a number may be off at the edges of the inputs, relative to it and to 1e-3
SLACK = {"float64": 1e-10, "float32": 5e-4}


def named(peer):
    return peer.id


def worst(peer):
    """Digits of the value and of the gradient, None where there is none: the fewest over all settings and samples."""
    values, gradients = [], []
    for hyper in peer.settings:
        for inputs in samples(peer):
            value, gradient = theirs(peer, inputs, hyper)
            expected, wanted = ours(peer, inputs, hyper)
            assert value.shape == expected.shape
            values.append(digits(value, expected))
            gradients += [digits(gradient[name], wanted[name]) for name in gradient]
    return min(values), min(gradients, default=None)


def test_every_package_is_installed(recording):
    missing = [package for package, version in packages().items() if version is None]
    if missing and not recording:
        pytest.skip(f"peers that are not installed here: {', '.join(missing)}")
    assert not missing


@pytest.mark.parametrize("peer", PEERS, ids=named)
def test_values_and_gradients_agree(peer, noted):
    (dtype,) = peer.dtypes
    found = {name: n for name, n in zip(("digits", "slope_digits"), worst(peer), strict=True) if n is not None}
    noted.setdefault(peer.id, {}).update({name: min(n, CAP[dtype]) for name, n in found.items()})
    assert (min(found.values()) >= ENOUGH[dtype]) == peer.agrees, found
    if dtype == "float32" and peer.agrees:
        assert min(found.values()) < 10, f"the package keeps float64: {found}"


@pytest.mark.parametrize("peer", FOUND, ids=named)
def test_a_finding_holds(peer, noted):
    """Theirs is off, ours is right: a package that has been mended turns this red, and the record must change."""
    finding = peer.finding
    inputs = finding.inputs()
    their_value, their_gradients = theirs(peer, inputs, finding.hyper)
    our_value, our_gradients = ours(peer, inputs, finding.hyper)
    value, gradients = exact(peer, inputs, finding.hyper)
    if finding.gradient is None:
        them, us, low, high = their_value, our_value, value, value
    else:
        them, us, (low, high) = (
            their_gradients[finding.gradient],
            our_gradients[finding.gradient],
            gradients[finding.gradient],
        )
    # Smaller numbers than 1e-30 are less than the exact gradient's step over the inputs.
    torch.testing.assert_close(low, high, rtol=1e-12, atol=1e-30, msg="a finding at a kink proves nothing")
    torch.testing.assert_close(us, low, rtol=1e-12, atol=1e-30)
    assert not torch.allclose(them.double(), low, rtol=1e-4, atol=1e-12)
    evidence = {"inputs": finding.at, "hyper": dict(finding.hyper), "theirs": them, "ours": us, "exact": low}
    if finding.gradient:
        evidence["slope_of"] = finding.gradient
    noted.setdefault(peer.id, {})["evidence"] = {name: plain(x) for name, x in evidence.items()}


@pytest.mark.parametrize("peer", SOUND, ids=named)
def test_without_a_finding_the_edges_are_right_too(peer):
    entry = lossatlas.get(peer.loss)
    for name, inputs in entry.signature.edge_samples(dtype=torch.float64).items():
        inputs = given(peer, rounded(inputs))
        if "minus_inf" in entry.exempt and any(x.isinf().any() for x in inputs.values()):
            continue
        for hyper in peer.settings:
            try:
                value, gradient = theirs(peer, inputs, hyper)
            except ValueError:
                continue  # they refuse such inputs, and give no wrong number
            expected, wanted = exact(peer, inputs, hyper)
            slack = SLACK[peer.dtypes[0]]
            torch.testing.assert_close(
                value.double(), expected, rtol=slack, atol=slack * 1e-3, msg=lambda m, n=name: f"{n}: {m}"
            )
            for of in gradient:
                low, high = wanted[of]
                room = slack * (torch.maximum(low.abs(), high.abs()) + 1e-3)
                assert ((low - room <= gradient[of]) & (gradient[of] <= high + room)).all(), f"{name}: gradient in {of}"


def plain(x):
    """Nested lists, strings or numbers as JSON knows them: infinities and NaN as text."""
    if isinstance(x, torch.Tensor):
        return plain(x.tolist())
    if isinstance(x, dict):
        return {name: plain(value) for name, value in x.items()}
    if isinstance(x, list | tuple):
        return [plain(value) for value in x]
    return x if not isinstance(x, float) or abs(x) < float("inf") else str(x)
