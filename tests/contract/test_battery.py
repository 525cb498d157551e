"""The generated tests themselves: a new loss gets them, and they pass where it is right and fail where it is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import references
from tests.contract import (
    battery,
    test_declared,
    test_edges,
    test_exact,
    test_exemptions,
    test_recorded,
    test_reference,
    test_special_cases,
    test_stability,
    toys,
)
from tests.contract.cases import Case, outcome, settings_of
from tests.references import recorded

import lossatlas

ROOT = Path(__file__).parents[2]

WRONG = {
    toys.upside_down: ["test_bounds"],
    toys.half_detached: ["test_gradient", "test_second_gradient"],
    toys.already_averaged: ["test_it_returns_the_declared_shape"],
    toys.divided_by_the_batch: ["test_a_batch_equals_its_items_one_by_one", "test_weight_two_is_the_item_twice"],
    toys.leaking_across_the_batch: [
        "test_a_batch_equals_its_items_one_by_one",
        "test_weight_zero_and_mask_remove_the_item",
    ],
    toys.naive_exponentials: ["test_inputs_of_size_1e4"],
    toys.always_float32: ["test_gradient", "test_second_gradient"],
    toys.changing_its_inputs: ["test_inputs_are_left_alone"],
    toys.branching_on_values: ["test_vmap", "test_compile", "test_a_batch_equals_its_items_one_by_one"],
    toys.favouring_a_class: ["test_invariances"],
    toys.moved_by_a_shift: ["test_invariances"],
    toys.missing_its_optimum: ["test_a_perfect_prediction_reaches_the_optimum"],
    toys.careless_backward: ["test_each_item_passes_on_the_gradient_that_it_gets", "test_gradient"],
}


EXACT = ["test_recorded_numbers", "test_value_and_gradient_equal_the_naive_loop_with_75_digits"]

#: toy -> (its naive loop, tests that must fail)
WRONG_BESIDE_ITS_LOOP = {
    toys.sign_flipped_in_the_gradient: (toys.cross_entropy_loop, EXACT),
    toys.epsilon_inside_the_logarithm: (
        toys.cross_entropy_loop,
        [*EXACT, "test_it_equals_the_naive_loop", "test_a_large_batch"],
    ),
    toys.half_detached: (toys.free_share_loop, [*EXACT, "test_its_gradient_is_that_of_the_naive_loop"]),
    toys.not_detached: (
        toys.held_share_loop,
        [*EXACT, "test_its_gradient_is_that_of_the_naive_loop", "test_ordinary_edges"],
    ),
    toys.clamped_probability: (
        toys.cross_entropy_loop,
        ["test_ordinary_edges", "test_inputs_of_size_1e4", "test_the_range_of_sizes_where_it_is_right"],
    ),
    toys.overflowing_powers: (
        toys.cross_entropy_loop,
        ["test_inputs_of_size_1e4", "test_the_range_of_sizes_where_it_is_right", "test_it_equals_the_naive_loop"],
    ),
    toys.another_gradient_for_the_second: (toys.cross_entropy_loop, [EXACT[1], "test_ordinary_edges"]),
    toys.another_way_for_large_batches: (toys.cross_entropy_loop, ["test_a_large_batch"]),
    toys.always_float32: (toys.cross_entropy_loop, EXACT),
    toys.naive_exponentials: (toys.cross_entropy_loop, ["test_the_range_of_sizes_where_it_is_right"]),
}


@pytest.fixture
def loop_of_the_toy(scratch_registry, monkeypatch):
    """A function that lets the toy have a naive loop until the test ends."""
    return lambda loop: monkeypatch.setitem(references.loops(), "toy_loss", loop)


def test_a_right_loss_passes_everything(scratch_registry):
    toys.right()
    entry = lossatlas.get("toy_loss")
    for case in settings_of(entry):
        ends = {name: outcome(test, case) for name, test in battery.tests().items()}
        assert "failed" not in ends.values(), [name for name, end in ends.items() if end == "failed"]
        assert sum(end == "passed" for end in ends.values()) > 35
    test_special_cases.test_special_cases(entry)


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_a_wrong_loss_is_caught(scratch_registry, make):
    make()
    case = Case(lossatlas.get("toy_loss"))
    for name in WRONG[make]:
        assert outcome(battery.tests()[name], case) == "failed", f"{name} did not notice"


@pytest.mark.parametrize("make", WRONG_BESIDE_ITS_LOOP, ids=lambda make: make.__name__)
def test_a_wrong_loss_is_caught_by_its_naive_loop(loop_of_the_toy, make):
    loop, names = WRONG_BESIDE_ITS_LOOP[make]
    loop_of_the_toy(loop)
    make()
    for name in names:
        assert outcome(battery.tests()[name], Case(lossatlas.get("toy_loss"))) == "failed", f"{name} did not notice"


@pytest.mark.parametrize(
    ("make", "loop"),
    [(toys.right, toys.cross_entropy_loop), (toys.detached_as_in_the_loop, toys.held_share_loop)],
    ids=["right", "held fixed"],
)
def test_a_right_loss_agrees_with_its_naive_loop(loop_of_the_toy, make, loop):
    loop_of_the_toy(loop)
    make()
    entry = lossatlas.get("toy_loss")
    modules = (test_exact, test_edges, test_stability, test_recorded, test_reference)
    for name, test in battery.tests(modules).items():
        assert {outcome(test, case) for case in settings_of(entry)} <= {"passed", "skipped"}, name
    assert outcome(test_reference.test_it_is_right_at_the_ends_of_its_hyper_parameters, entry) != "failed"


def test_a_hyper_parameter_that_enters_in_a_wrong_way_is_caught(loop_of_the_toy):
    loop_of_the_toy(toys.cross_entropy_loop)
    toys.weighing_by_the_square()
    entry = lossatlas.get("toy_loss")
    assert outcome(battery.tests()["test_recorded_numbers"], settings_of(entry)[1]) == "failed"
    assert outcome(test_reference.test_it_is_right_at_the_ends_of_its_hyper_parameters, entry) == "failed"


def test_a_changed_default_is_caught(loop_of_the_toy, monkeypatch):
    loop_of_the_toy(toys.cross_entropy_loop)
    toys.right()
    record = {"defaults": {"weight": 1.0}, "cases": [recorded.computed(Case(lossatlas.get("toy_loss")))]}
    monkeypatch.setattr(recorded, "of", lambda entry: record)
    assert outcome(test_declared.test_defaults_are_those_recorded, lossatlas.get("toy_loss")) == "passed"
    toys.another_default()
    entry = lossatlas.get("toy_loss")
    assert outcome(test_declared.test_defaults_are_those_recorded, entry) == "failed"
    assert outcome(battery.tests()["test_recorded_numbers"], Case(entry)) == "failed"


def test_a_changed_loop_is_caught(loop_of_the_toy, monkeypatch):
    loop_of_the_toy(toys.cross_entropy_loop)
    toys.right()
    case = Case(lossatlas.get("toy_loss"))
    record = {"defaults": {"weight": 1.0}, "cases": [recorded.computed(case)]}
    monkeypatch.setattr(recorded, "of", lambda entry: record)
    test = battery.tests()["test_the_recorded_numbers_are_those_of_the_naive_loop"]
    assert outcome(test, case) == "passed"
    loop_of_the_toy(
        lambda logits, target, weight: [1.0000001 * v for v in toys.cross_entropy_loop(logits, target, weight)]
    )
    assert outcome(test, case) == "failed"


def test_a_wrong_special_case_is_caught(scratch_registry):
    toys.wrong_special_case()
    assert outcome(test_special_cases.test_special_cases, lossatlas.get("toy_loss")) == "failed"


def test_a_needless_exemption_is_caught(scratch_registry):
    toys.needless_exemption()
    assert outcome(test_exemptions.test_every_exemption_is_needed, lossatlas.get("toy_loss")) == "failed"


def test_a_needed_exemption_is_granted(scratch_registry):
    toys.branching_on_values()
    entry = lossatlas.get("toy_loss")
    entry.exempt["vmap"] = "It looks at the values of its inputs."
    assert outcome(battery.tests()["test_vmap"], Case(entry)) == "xfailed"
    assert outcome(battery.tests()["test_compile"], Case(entry)) == "failed"
    assert outcome(test_exemptions.test_every_exemption_is_needed, entry) == "passed"


def test_tests_appear_for_a_loss_that_was_just_written(tmp_path):
    """A module with one new loss, loaded before collection: nothing else is written for it."""
    (tmp_path / "new_loss.py").write_text(
        "import lossatlas\nfrom tests.contract import toys\nlossatlas.toy_loss = toys.right()\n"
    )
    command = [
        sys.executable, "-m", "pytest", "tests/contract", "-p", "new_loss", "-k", "toy_loss and not test_battery",
        "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
    ]  # fmt: skip
    paths = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    passed = int(re.search(r"(\d+) passed", ran.stdout).group(1))
    assert passed >= 2 * 35, f"only {passed} tests appeared"
