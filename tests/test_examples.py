"""What stands in `examples` runs as described in its first lines."""

import re
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "examples" / "train_across_processes.py"


def run(*command):
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return float(re.search(r"([\d.]+) % of test digits", done.stdout)[1])


def test_two_processes_learn_the_network_that_one_learns(tmp_path):
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2)
    small = ("--steps", 8, "--batch", 33, "--rows", 5, "--save")
    alone, together = (run(*by, SCRIPT, *small, tmp_path / name) for by, name in (((), "1.pt"), (torchrun, "2.pt")))
    assert alone == together
    one, two = (torch.load(tmp_path / name) for name in ("1.pt", "2.pt"))
    for name, parameter in one.items():
        torch.testing.assert_close(two[name], parameter, rtol=1e-10, atol=1e-12)
    torch.manual_seed(0)
    untrained = torch.nn.Linear(64, 128).double()
    assert (one["0.weight"] - untrained.weight).abs().max() > 0.01
    assert alone > 50
