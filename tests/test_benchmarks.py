"""The benchmarks run for every loss there is, and for one that has just come. No timing is judged here."""

import json
import math

import pytest
import torch
from benchmarks import compiled, contest, contract, losses, memory, output_layer, scale
from benchmarks.__main__ import QUICK, main
from benchmarks.contest import Terms, contests
from benchmarks.peers import Peer, packages
from benchmarks.timing import FEWEST_ROUNDS, alternate, difference, ratio, spread

import lossatlas
from lossatlas.signatures import SIGNATURES, logits

EVERY = [entry.name for entry in lossatlas.registry()]
MET = [
    (entry.name, terms, peer)
    for entry in lossatlas.registry()
    for terms, rivals in contests(entry, "small")
    for peer in rivals
]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    main(["--quick", "--out", str(folder)])
    return folder


@pytest.fixture(scope="module")
def found(out):
    return json.loads((out / "benchmarks.json").read_text())


def peer_of(loss, call, **facts):
    return Peer(loss, "a-package", "a_function", call, "Nothing to change.", **facts)


@pytest.fixture
def peers_are(monkeypatch):
    """Function that puts peers in the place of those installed here."""

    def put(*peers):
        monkeypatch.setattr(contest, "peers", lambda loss: [peer for peer in peers if peer.loss == loss])

    return put


# --- The record


def test_every_loss_is_measured_beside_every_peer(found):
    eager = [row for row in found["rows"] if row["form"] == "eager"]
    assert list(dict.fromkeys(row["loss"] for row in eager)) == EVERY
    met = sorted((row["loss"], row["peer"]["package"], row["peer"]["symbol"]) for row in eager if row["peer"])
    assert met == sorted((loss, peer.package, peer.symbol) for loss, _, peer in MET)
    assert any(loss == "cross_entropy" and peer.package == "torch" for loss, _, peer in MET)


def test_the_record_keeps_its_format(found):
    assert {"machine", "packages", "sizes", "families", "rows", "summary", "contract", "output_layer"} == set(found) - {
        "left_out"
    }
    assert (
        found["machine"]["cpu"] and found["machine"]["torch"] == torch.__version__ and found["machine"]["threads"] == 1
    )
    assert found["packages"] == {name: version for name, version in packages().items() if version}
    assert found["families"] == {entry.name: entry.family for entry in lossatlas.registry()}
    assert {row["form"] for row in found["rows"]} == {"eager", "compiled"}
    for row in found["rows"]:
        assert row["size"] in found["sizes"]
        assert row["seconds"]["median"] > 0 and isinstance(row["bytes"], int) and row["bytes"] > 0
        if row["peer"]:
            assert set(row["peer"]) == {"package", "symbol"}
            assert row["peer_seconds"] > 0 and 0 < row["ratio"]["low"] <= row["ratio"]["median"] <= row["ratio"]["high"]
            assert ("memory_ratio" in row) == (row.get("gradient") != "own")
            assert ("peer_form" in row) == (row["form"] == "compiled")
        else:
            assert row["seconds"]["low"] <= row["seconds"]["median"] <= row["seconds"]["high"]
            assert not {"peer_seconds", "ratio", "memory_ratio", "peer_form", "fastest"} & set(row)
    costs = [row["loss"] for row in found["rows"] if "decorator_seconds" in row]
    assert costs == EVERY


def test_one_peer_of_a_loss_at_a_size_is_marked_as_fastest(found):
    cells = {(row["form"], row["loss"], row["size"]) for row in found["rows"] if row["peer"]}
    marked = [(row["form"], row["loss"], row["size"]) for row in found["rows"] if row.get("fastest")]
    assert sorted(cells) == sorted(marked)
    for row in found["rows"]:
        if row.get("fastest"):
            same = [other for other in found["rows"] if all(other[key] == row[key] for key in ("form", "loss", "size"))]
            assert row["ratio"]["median"] == max(other["ratio"]["median"] for other in same)


def test_the_tables_show_the_record(out, found):
    table = (out / "benchmarks" / "eager.md").read_text()
    assert all(f"| `{name}` | small |" in table for name in EVERY)
    assert found["machine"]["cpu"] in table and "`F.cross_entropy`" in table
    assert "| 2,000 | 16 |" in (out / "benchmarks" / "output_layer.md").read_text()
    assert "| logits |" in (out / "benchmarks" / "contract.md").read_text()
    compiled = (out / "benchmarks" / "compiled.md").read_text()
    assert sum(f"| `{name}` | small |" in compiled for name in EVERY) >= 2  # a few of all, in a quick run


# --- Scale


def test_memory_and_time_at_scale(tmp_path):
    scale.main(["--quick", "--out", str(tmp_path / "scale.json")])
    record = json.loads((tmp_path / "scale.json").read_text())
    rows = record["rows"]
    assert (
        record["machine"]["torch"] == torch.__version__ and record["width"] == scale.WIDTH and record["packages"] == {}
    )
    assert [row["loss"] for row in rows] == [cell[0] for cell in scale.QUICK] and record["whole"] is False
    assert all(row["seconds"] > 0 and row["bytes"] >= 0 for row in rows)


def test_the_inputs_and_room_for_their_gradients_are_not_counted_but_a_dense_matrix_is():
    """Similarities of 2,000 with 2,000 are 16 MB in float32, and several coexist; 8 rows at a time need none."""
    dense, few = (scale.measured_apart(("multi_similarity_loss", "lossatlas", 2_000, rows)) for rows in (None, 8))
    assert dense["bytes"] > 48e6 > 2 * few["bytes"]


# --- Equal terms


@pytest.mark.parametrize("size", contest.SIZES)
@pytest.mark.parametrize(("loss", "terms", "peer"), MET, ids=[peer.id for _, _, peer in MET])
def test_a_peer_computes_the_same(loss, terms, peer, size):
    entry = lossatlas.get(loss)
    inputs = contest.inputs_of(entry.signature, contest.SIZES[size], terms.dtype)
    inputs = {name: x for name, x in inputs.items() if name not in terms.without}
    if terms.own_gradient:
        value, gradient = peer.with_gradient(**inputs, **terms.hyper)
        torch.testing.assert_close(value.sum(), contest.ours(entry, terms)(**inputs).detach(), rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(
            gradient, contest.there_and_back(contest.ours(entry, terms), inputs, terms)()[0], rtol=1e-4, atol=1e-8
        )
    else:
        torch.testing.assert_close(
            contest.theirs(peer, terms)(**inputs), contest.ours(entry, terms)(**inputs), rtol=1e-4, atol=1e-6
        )
        gradients, expected = (
            contest.run_of(peer, inputs, terms)(),
            contest.there_and_back(contest.ours(entry, terms), inputs, terms)(),
        )
        for one, other in zip(
            gradients, expected, strict=True
        ):  # at a kink, which a score may just meet, both sides are right
            assert (one - other).norm() <= 5e-3 * other.norm()


def test_terms_are_those_of_the_peer():
    assert Terms.of(peer_of("focal_loss", None)) == Terms()
    assert Terms.of(peer_of("focal_loss", None, settings=({"gamma": 1.0}, {}))) == Terms()
    assert Terms.of(peer_of("focal_loss", None, settings=({"gamma": 1.0},), reduction="sum")) == Terms(
        {"gamma": 1.0}, "sum"
    )
    own = peer_of("focal_loss", None, differentiable=False, with_gradient=lambda: None)
    assert Terms.of(own) == Terms({}, "sum", True, dtype=torch.float64)


def test_a_package_uses_its_own_mean(peers_are):
    with_mean = peer_of("cross_entropy", torch.nn.functional.cross_entropy)
    plain = peer_of("cross_entropy", lambda logits, target: lossatlas.cross_entropy(logits, target, reduction="none"))
    x, y = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    expected = lossatlas.cross_entropy(x, y)
    torch.testing.assert_close(contest.theirs(plain, Terms())(logits=x, target=y), expected)
    reductions = []
    with_mean = peer_of("cross_entropy", lambda logits, target, reduction="none": reductions.append(reduction))
    contest.theirs(with_mean, Terms())(logits=x, target=y)
    assert reductions == ["mean"]


def test_who_computes_something_else_or_has_no_gradient_is_not_met(peers_are):
    peers_are(peer_of("focal_loss", None, agrees=False), peer_of("focal_loss", None, differentiable=False))
    assert contests(lossatlas.get("focal_loss"), "small") == [(Terms(), [])]


def test_who_would_fill_the_memory_is_met_at_the_smallest_size_only(peers_are):
    def of_all_pairs(logits, target):
        every = lossatlas.cross_entropy(logits, target, reduction="none")
        return (every.repeat(2000, 1) - every.repeat(2000, 1).detach()).mean(0) + every

    def of_items(logits, target):
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")

    peers_are(greedy := peer_of("cross_entropy", of_all_pairs), modest := peer_of("cross_entropy", of_items))
    entry = lossatlas.get("cross_entropy")
    assert contests(entry, "small") == [(Terms(), [greedy, modest])]
    assert contests(entry, "medium") == [(Terms(), [modest])]
    assert contest.fills_memory(entry, greedy) > contest.MOST_MEMORY


def test_losses_without_peers_have_rows_by_themselves(peers_are):
    peers_are()
    entry = lossatlas.get("cross_entropy")
    for rows in (losses.measure(entry, "small", QUICK), compiled.measure(entry, "small", QUICK, [], backend="eager")):
        assert [row["peer"] for row in rows] == [None]
        assert rows[0]["seconds"]["median"] > 0 and "fastest" not in rows[0]


def test_a_new_loss_is_measured_by_itself(scratch_registry, peers_are):
    @lossatlas.contract.loss(logits)
    def freshly_registered_loss(logits, target, *, power=2.0):
        """A loss that was not there before."""
        return (logits**power).sum(-1)

    def call(logits, target, *, power):
        return (logits**power).sum(-1).sum()

    peers_are(peer_of("freshly_registered_loss", call, settings=({"power": 2.0},), reduction="sum"))
    entry = lossatlas.registry()[-1]
    (row,) = losses.measure(entry, "small", QUICK)
    assert (row["loss"], row["hyper"], row["fastest"]) == ("freshly_registered_loss", {"power": 2.0}, True)
    (name,) = compiled.fastest_eager(entry, "small")
    (row,) = compiled.measure(entry, "small", QUICK, [name], backend="eager")
    assert row["form"] == "compiled" and row["peer_form"] in ("eager", "compiled")


def test_a_peer_that_cannot_be_compiled_is_met_eager(peers_are, monkeypatch):
    def compiling(function, name, backend):
        def fail(**inputs):
            raise RuntimeError("this cannot be compiled")

        return function if name == "loss" else fail

    def call(logits, target):
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")

    peers_are(peer := peer_of("cross_entropy", call))
    monkeypatch.setattr(compiled, "compiled", compiling)
    (row,) = compiled.measure(lossatlas.get("cross_entropy"), "small", QUICK, [peer.id])
    assert row["peer_form"] == "eager" and "compiled_ratio" not in row


def test_a_peer_that_is_faster_eager_is_met_in_both_forms(peers_are):
    def call(logits, target):
        if torch.compiler.is_compiling():
            logits = sum(logits.clone() for _ in range(300)) / 300
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")

    peers_are(peer := peer_of("cross_entropy", call))
    (row,) = compiled.measure(lossatlas.get("cross_entropy"), "small", QUICK, [peer.id], backend="eager")
    assert row["peer_form"] == "eager" and row["compiled_ratio"] < row["ratio"]["median"]


def test_of_many_peers_the_fastest_are_compiled(peers_are, monkeypatch):
    monkeypatch.setattr(compiled, "MOST_PEERS", 2)

    def repeating(times):
        def call(logits, target):
            return sum(logits.logsumexp(-1) for _ in range(times)) ** 2 / times**2

        return call

    slow, fast, medium = (Peer("logit_z_loss", f"package-{n}", "f", repeating(n), "") for n in (200, 1, 40))
    peers_are(slow, fast, medium)
    assert compiled.fastest_eager(lossatlas.get("logit_z_loss"), "small") == [fast.id, medium.id]


# --- The meters


def test_peak_memory_of_known_allocations():
    def run():
        first = torch.empty(1000)
        second = torch.empty(500)
        del first
        return second, torch.empty(700)

    assert memory.peak_bytes(run) == 4 * 1500
    assert memory.peak_bytes(lambda: None) == 0
    x = torch.ones(50, 20)
    assert memory.peak_bytes(lambda: x.exp()) == 4 * 1000
    assert memory.peak_bytes(lambda: x.double()) == 8 * 1000
    assert memory.peak_bytes(lambda: x.T) == 0


def test_peak_memory_counts_what_backward_needs():
    x = torch.ones(1000, requires_grad=True)
    # x**2 is kept for backward, where its gradient and that of x**2 join it
    run = contest.there_and_back(lambda x: x.square().exp().sum(), {"x": x}, Terms())
    found = memory.peak_bytes(run)
    assert 3 * 4000 <= found <= 5 * 4000 and found == memory.peak_bytes(run)


def test_runs_take_turns():
    order = []
    samples = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order == [*"aabb", *"ababab"]
    assert [len(found) for found in samples.values()] == [3, 3]


def test_slow_runs_stop_early():
    samples = alternate({"a": lambda: math.prod(range(2000))}, rounds=1000, most_seconds=0.0)
    assert len(samples["a"]) == FEWEST_ROUNDS


def test_spread_ratio_and_difference():
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == {"low": 2.0, "median": 3.0, "high": 4.0}
    assert spread([2.0]) == {"low": 2.0, "median": 2.0, "high": 2.0}
    assert ratio([2.0, 6.0, 4.0], [1.0, 2.0, 1.0])["median"] == 3.0
    assert difference([2.0, 6.0, 4.0], [1.0, 2.0, 1.0])["median"] == 3.0


# --- The contract


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_the_loss_that_does_nothing_is_checked_and_not_registered(signature):
    function = contract.identity(signature)
    inputs = contest.inputs_of(signature, contest.SIZES["small"])
    first = signature.names[0]
    assert torch.equal(function(**inputs), inputs[first].mean())
    with pytest.raises(TypeError, match=f"`{first}`: expected"):
        function(**{**inputs, first: [1.0]})
    assert [entry.name for entry in lossatlas.registry()] == EVERY


def test_the_contract_is_measured_with_and_without_a_look_at_the_values(found):
    assert [row["signature"] for row in found["contract"]] == [signature.name for signature in contract.signatures()]
    for row in found["contract"]:
        assert row["operation_seconds"]["median"] > 0
        for name in ("checked", "unchecked"):
            expected = row[name]["seconds"]["median"] / row["operation_seconds"]["median"]
            assert row[name]["operations"] == pytest.approx(expected, rel=1e-2)


# --- The output layer


def test_the_output_layers_are_measured(found):
    assert [row["classes"] for row in found["output_layer"]] == [200, 2000]
    for row in found["output_layer"]:
        assert set(row["seconds"]) == {"factored", "softmax", "dense Z-loss"}
        assert row["softmax_ratio"]["low"] <= row["softmax_ratio"]["median"] <= row["softmax_ratio"]["high"]


def test_the_output_layers_do_the_same_work():
    runs, _ = output_layer.runs_of(40, 6, 5)
    for _ in range(3):
        (value, below), (expected, expected_below) = runs["factored"](), runs["dense Z-loss"]()
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(below, expected_below, rtol=1e-3, atol=1e-5)
        assert runs["softmax"]()[1].shape == below.shape
