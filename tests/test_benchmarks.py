"""The benchmarks run for every loss there is, and for one that has just come. No timing is judged here."""

import json

import pytest
import torch
from benchmarks import losses, output_layer
from benchmarks.__main__ import main
from benchmarks.peers import peers
from benchmarks.timing import alternate, ratio, spread

import lossatlas
from lossatlas.signatures import logits

EVERY = [entry.name for entry in lossatlas.losses()]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmarks")
    main(["--quick", "--out", str(out)])
    return out


def test_every_registered_loss_is_measured(tables):
    found = json.loads((tables / "losses.json").read_text())
    assert [row["loss"] for row in found["rows"]] == EVERY
    assert all(seconds > 0 for row in found["rows"] for samples in row["seconds"].values() for seconds in samples)
    table = (tables / "losses.md").read_text()
    assert all(f"| `{name}` | small |" in table for name in EVERY)
    assert {row["loss"] for row in found["rows"] if "ratio" in row} == {peer.loss for peer in peers() if peer.differentiable}


def test_a_table_names_its_machine(tables):
    found = json.loads((tables / "losses.json").read_text())["machine"]
    assert found["cpu"] and found["cores"] >= 1 and found["threads"] == 1 and found["torch"] == torch.__version__
    assert found["cpu"] in (tables / "losses.md").read_text()


def test_a_new_loss_is_measured_by_itself(scratch_registry, tmp_path):
    @lossatlas.contract.loss(logits)
    def freshly_registered_loss(logits, target):
        """A loss that was not there before."""
        return logits.square().sum(-1)

    rows = losses.run(tmp_path, quick=True)
    assert [row["loss"] for row in rows] == [*EVERY, "freshly_registered_loss"]


@pytest.mark.parametrize("size", losses.SIZES)
@pytest.mark.parametrize("peer", [peer for peer in peers() if peer.differentiable], ids=lambda peer: peer.id)
def test_a_peer_computes_the_same_loss(peer, size):
    inputs = losses.inputs_of(lossatlas.get(peer.loss).signature, losses.SIZES[size])
    ours = lossatlas.get(peer.loss)(**inputs, **peer.settings[0], reduction=peer.reduction)
    torch.testing.assert_close(peer.call(**inputs, **peer.settings[0]), ours, rtol=1e-4, atol=1e-6)


def test_the_output_layers_are_measured(tables):
    rows = json.loads((tables / "output_layer.json").read_text())["rows"]
    assert [row["classes"] for row in rows] == [200, 2000]
    for row in rows:
        assert set(row["seconds"]) == {"factored", "softmax", "dense Z-loss"}
        assert row["softmax_ratio"]["low"] <= row["softmax_ratio"]["median"] <= row["softmax_ratio"]["high"]
    assert "| 2,000 | 16 |" in (tables / "output_layer.md").read_text()


def test_the_output_layers_do_the_same_work():
    runs, _ = output_layer.runs_of(40, 6, 5)
    for _ in range(3):
        (value, below), (expected, expected_below) = runs["factored"](), runs["dense Z-loss"]()
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(below, expected_below, rtol=1e-3, atol=1e-5)
        assert runs["softmax"]()[1].shape == below.shape


def test_runs_take_turns():
    order = []
    samples = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order == [*"aabb", *"ababab"]
    assert [len(found) for found in samples.values()] == [3, 3]


def test_spread_and_ratio():
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == {"low": 2.0, "median": 3.0, "high": 4.0}
    assert spread([2.0]) == {"low": 2.0, "median": 2.0, "high": 2.0}
    assert ratio([2.0, 6.0, 4.0], [1.0, 2.0, 1.0])["median"] == 3.0
