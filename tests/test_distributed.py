"""Several processes compute what one computes, and what a gather without gradients would make of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lossatlas.distributed import even_share, gathered, own_rows
from tests.contract.test_errors import refused
from tests.distributed_worker import LOSSES, WAYS

ROOT = Path(__file__).parents[1]
PARTS = ("7", "3-4", "2-0-5")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """sizes of the parts -> what each process wrote."""
    runs = {}
    for sizes in PARTS:
        folder, count = tmp_path_factory.mktemp(f"parts-{sizes}"), len(sizes.split("-"))
        command = [sys.executable, "-m", "tests.distributed_worker"]
        started = [
            subprocess.Popen([*command, str(rank), sizes, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
            for rank in range(count)
        ]
        for process in started:
            errors = process.communicate(timeout=120)[1]
            assert process.returncode == 0, errors
        runs[sizes] = [torch.load(folder / f"{rank}.pt") for rank in range(count)]
    return runs


@pytest.mark.parametrize("sizes", PARTS[1:])
@pytest.mark.parametrize("name", [name + way for name in LOSSES for way in WAYS])
def test_processes_together_are_one_process_with_the_whole_batch(found, sizes, name):
    alone = found["7"][0][name]
    for process in found[sizes]:
        _close(process[name]["value"], alone["value"])
        for together, one in zip(process[name]["gradients"], alone["gradients"], strict=True):
            _close(together, one)


@pytest.mark.parametrize("sizes", PARTS)
def test_a_gather_without_gradients_gives_the_value_and_a_part_of_the_gradient(found, sizes):
    """Each process adds what belongs to its own rows alone, and the mean over the processes divides by their number."""
    lost, alone = found[sizes][0]["without gradients"], found["7"][0]["nt_xent"]
    _close(lost["value"], alone["value"])
    for part, whole in zip(lost["gradients"], alone["gradients"], strict=True):
        _close(part, whole / len(sizes.split("-")))


def test_one_process_gathers_itself():
    x = torch.randn(3, 2)
    assert gathered(x) is x
    assert own_rows(x).tolist() == [0, 1, 2]
    assert even_share(x) == 3
    assert even_share(x[:0]) == 1


@pytest.mark.parametrize("function", [gathered, own_rows, even_share])
def test_what_has_no_rows_is_refused(function):
    refused(TypeError, "x", function, [1.0])
    refused(ValueError, "x", function, torch.tensor(1.0))


def _close(got, wanted):
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)
