"""The measure itself: it sees a wrong digit, a missing gradient, a hole; and the record has what was measured."""

import json
import math
from dataclasses import replace

import pytest
import torch
from benchmarks.peers import Finding, Peer, packages, peers
from benchmarks.peers.shared import bits, one_hot, signs
from tests.parity import record, test_parity
from tests.parity.agreement import digits, exact, ours, samples, theirs

import lossatlas

HINGE = Peer("hinge_loss", "torch", "relu", lambda score, label: torch.relu(1 - label * score), "Nothing to change.")


def test_digits_are_relative_to_the_largest_number():
    x = torch.tensor([1000.0, 1.0], dtype=torch.float64)
    assert digits(x, x) == 16
    assert digits(x + torch.tensor([0.0, 1e-6]), x) == pytest.approx(9, abs=1e-3)
    assert digits(x * torch.tensor([math.nan, 1.0]), x) == digits(x * math.inf, x) == -1
    assert digits(torch.zeros(2), torch.zeros(2)) == 16
    assert digits(torch.full((2,), 1e-9), torch.zeros(2)) == -1


def test_a_peer_that_is_off_is_seen():
    for inputs in samples(HINGE):
        (value, gradients), (expected, wanted) = theirs(HINGE, inputs, {}), ours(HINGE, inputs, {})
        assert digits(value, expected) == digits(gradients["score"], wanted["score"]) == 16
    off = replace(HINGE, call=lambda score, label: (1 + 1e-7) * HINGE.call(score, label))
    value, gradients = theirs(off, inputs, {})
    assert digits(value, expected) < 8 and digits(gradients["score"], wanted["score"]) < 8
    test_parity.test_values_and_gradients_agree(HINGE, {})
    with pytest.raises(AssertionError):
        test_parity.test_values_and_gradients_agree(off, {})


def test_a_peer_that_is_wrong_only_at_an_edge_is_seen():
    test_parity.test_without_a_finding_the_edges_are_right_too(HINGE)
    clipped = replace(HINGE, call=lambda score, label: HINGE.call(score, label).clamp(max=50))
    test_parity.test_values_and_gradients_agree(clipped, {})
    with pytest.raises(AssertionError):
        test_parity.test_without_a_finding_the_edges_are_right_too(clipped)


def test_a_mended_peer_turns_its_finding_red():
    clipped = replace(HINGE, call=lambda score, label: HINGE.call(score, label).clamp(max=50))
    finding = Finding("Clipped at 50.", at={"score": [-100.0], "label": [1]})
    noted = {}
    test_parity.test_a_finding_holds(replace(clipped, finding=finding), noted)
    assert noted[clipped.id]["evidence"] == {
        "inputs": finding.at,
        "hyper": {},
        "theirs": [50.0],
        "ours": [101.0],
        "exact": [101.0],
    }
    with pytest.raises(AssertionError):
        test_parity.test_a_finding_holds(replace(HINGE, finding=finding), {})


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_what_is_exact_is_reduced_like_the_peer(reduction):
    peer = replace(HINGE, reduction=reduction)
    inputs = next(iter(samples(peer)))
    (value, gradients), (expected, wanted) = ours(peer, inputs, {}), exact(peer, inputs, {})
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients["score"], wanted["score"][0])


def test_peers_are_complete():
    assert {peer.package for peer in peers()} <= set(packages()) and packages()["torch"] == torch.__version__
    assert len({peer.id for peer in peers()}) == len(peers())
    for peer in peers():
        assert peer.transform.endswith(".") and peer.settings and (peer.finding or peer.agrees), peer.id
        assert peer.differentiable or not peer.with_gradient or peer.reduction == "none", peer.id
        assert peer.finding is None or peer.finding.what.endswith("."), peer.id
    assert {peer.loss for peer in peers("hinge_loss")} == {"hinge_loss"}


def test_a_finding_has_its_inputs_as_the_loss_takes_them():
    finding = Finding("Off.", at={"logits": [[1.0, -math.inf]], "target": [0]})
    inputs = finding.inputs()
    assert inputs["logits"].dtype == torch.float64 and inputs["target"].dtype == torch.int64
    assert lossatlas.cross_entropy(**inputs) == 0


def test_the_conventions_for_labels():
    logits, target = torch.zeros(2, 3, dtype=torch.float64), torch.tensor([2, 0])
    assert one_hot(target, logits).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert signs(target, logits).tolist() == [[-1, -1, 1], [1, -1, -1]]
    assert bits(torch.tensor([-1, 1]), logits).tolist() == [0, 1] and bits(target, logits).dtype == torch.float64


def test_the_record_holds_what_was_noted(tmp_path):
    some = next(peer for peer in peers() if peer.finding)
    record.write(
        tmp_path / "new" / "parity.json",
        {some.id: {"digits": 15.99, "slope_digits": -1.0, "evidence": {"theirs": "nan"}}},
    )
    found = json.loads((tmp_path / "new" / "parity.json").read_text())
    assert found["packages"] == packages() and found["machine"]["torch"] == torch.__version__
    assert [row["loss"] for row in found["rows"]] == [peer.loss for peer in peers()]
    row = found["rows"][peers().index(some)]
    assert (row["digits"], row["slope_digits"], row["evidence"]) == (15.9, 0.0, {"theirs": "nan"})
    assert row["finding"] == some.finding.what and row["verdict"] in ("agrees", "differs")
