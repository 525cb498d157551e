"""Changes of a loss are noticed, what is not changed passes, and nothing of it stays behind."""

import importlib.util

import pytest
import torch
from tests.mutation import checks, sandbox

import lossatlas

LOSSES = sandbox.ROOT / "src" / "lossatlas" / "losses" / "cross_entropy"
SURROGATE = "tests.families.cross_entropy.test_steps::test_the_surrogate_holds_its_anchor_and_its_gradient_fixed::0"
MAKES_MUTANTS = pytest.mark.skipif(
    importlib.util.find_spec("cosmic_ray") is None, reason="cosmic-ray is in the environment of `make mutation` only"
)

#: What is changed: file, before, after, and the generated test, or the test in a file, that ought to notice.
CHANGES = {
    "a sign flipped": (
        "margins.py",
        "relu(-label * score)",
        "relu(label * score)",
        "test_recorded_numbers[perceptron_loss-defaults]",
    ),
    "an epsilon moved": ("robust.py", "+ 1e-5", "+ 2e-5", "test_recorded_numbers[aldr_kl_loss-defaults]"),
    "a detach removed": ("steps.py", "gradient.detach()", "gradient", SURROGATE),
}


def ends(file, before, after, *checks, patience=120):
    path = LOSSES / file
    source = path.read_text(encoding="utf-8")
    assert before in source, f"{file} has no {before!r} any more: choose another change"
    plan = [(check, patience) for check in checks]
    return sandbox.result(*sandbox.in_child(sandbox.run_checks, path, source.replace(before, after), plan))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(change):
    found = ends(*CHANGES[change])
    assert found["end"] == "failed" and found["by"] == CHANGES[change][-1], found
    assert lossatlas.perceptron_loss(torch.tensor([-2.0]), torch.tensor([1.0])) == 2, "the change stayed behind"


def test_what_is_not_changed_passes():
    file, before, _, _ = CHANGES["a sign flipped"]
    assert ends(file, before, before, *(check for *_, check in CHANGES.values()))["end"] == "passed"


def test_a_change_that_never_ends_is_stopped():
    file, before, _, check = CHANGES["a sign flipped"]
    assert ends(file, f"return torch.{before}", "while True: score", check, patience=1) == {
        "end": "timed out",
        "by": check,
    }


def test_every_test_written_by_hand_can_be_run_without_pytest():
    subjects = {check.subject for check in checks.in_files().values()}
    assert subjects == {
        checks.module_of(file) for pattern in checks.FILES for file in (checks.ROOT / "tests").glob(pattern)
    }


@MAKES_MUTANTS
def test_mutants_change_what_computes_and_nothing_else(tmp_path):
    from tests.mutation.mutants import mutants_of

    path = tmp_path / "toy.py"
    path.write_text(
        "LIMIT = 2\n\n\n"
        '@loss(logits, paper="p", bounds=(0.0, None))\n'
        "def toy(x: 3, *, eps=1e-5):\n"
        '    """Words, 1."""\n'
        '    expect(eps > 0, "eps", f"{1 + 1}", describe(1))\n'
        "    return (x.detach() - eps).sum(-1)\n"
    )
    found = {(m.group, m.after) for m in mutants_of(path)}
    body = {after for group, after in found if group == "body"}
    assert "return (x - eps).sum(-1)" in body and "return (x.detach() + eps).sum(-1)" in body
    assert "def toy(x: 3, *, eps=2e-05):" in body and "LIMIT = 3" in body and "pass" in body
    assert "return (x.detach() - eps).sum(1)" not in body
    assert all(
        ("Words, 1." in m.source and "x: 3" in m.source and "describe(1)" in m.source) or m.after == "pass"
        for m in mutants_of(path)
    )
    assert {after for group, after in found if group == "declared"} >= {'@loss(logits, paper="p", bounds=(0.1, None))'}


@MAKES_MUTANTS
def test_files_of_one_name_in_two_families_are_told_apart():
    from tests.mutation.mutants import named

    assert [named(LOSSES.parent / family / "softmax.py") for family in ("a", "b")] == ["a/softmax.py", "b/softmax.py"]
    assert named(LOSSES.parents[1] / "contract" / "safe.py") == "safe.py"


@MAKES_MUTANTS
def test_what_is_called_equivalent_is_a_change_that_is_made():
    from tests.mutation import report
    from tests.mutation.mutants import mutants_of

    files = sorted(LOSSES.parent.rglob("*.py"))
    assert report.equivalents()
    report.check_equivalents([mutant for file in files for mutant in mutants_of(file) if mutant.group == "body"], files)
