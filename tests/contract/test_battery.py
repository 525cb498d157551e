"""The generated tests themselves: they appear for a new loss unasked, pass where it is right, fail where it is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contract import battery, test_exemptions, test_special_cases, toys
from tests.contract.cases import Case, outcome, settings_of

import lossatlas

ROOT = Path(__file__).parents[2]

WRONG = {
    toys.upside_down: ["test_bounds"],
    toys.half_detached: ["test_gradient", "test_second_gradient"],
    toys.already_averaged: ["test_it_returns_the_declared_shape"],
    toys.divided_by_the_batch: ["test_a_batch_equals_its_items_one_by_one", "test_weight_two_is_the_item_twice"],
    toys.leaking_across_the_batch: ["test_a_batch_equals_its_items_one_by_one", "test_weight_zero_and_mask_remove_the_item"],
    toys.naive_exponentials: ["test_inputs_of_size_1e4"],
    toys.always_float32: ["test_gradient", "test_second_gradient"],
    toys.changing_its_inputs: ["test_inputs_are_left_alone"],
    toys.branching_on_values: ["test_vmap", "test_compile", "test_a_batch_equals_its_items_one_by_one"],
    toys.favouring_a_class: ["test_invariances"],
    toys.moved_by_a_shift: ["test_invariances"],
    toys.missing_its_optimum: ["test_a_perfect_prediction_reaches_the_optimum"],
    toys.careless_backward: ["test_each_item_passes_on_the_gradient_that_it_gets", "test_gradient"],
}


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
    (tmp_path / "new_loss.py").write_text("import lossatlas\nfrom tests.contract import toys\nlossatlas.toy_loss = toys.right()\n")
    command = [
        sys.executable, "-m", "pytest", "tests/contract", "-p", "new_loss", "-k", "toy_loss and not test_battery",
        "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
    ]  # fmt: skip
    paths = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    passed = int(re.search(r"(\d+) passed", ran.stdout).group(1))
    assert passed >= 2 * 35, f"only {passed} tests appeared"
