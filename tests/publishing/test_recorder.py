"""A run of the generated tests leaves a record of each loss that it put through all of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lossatlas
from lossatlas.publishing.build.keys import fingerprints

ROOT = Path(__file__).parents[2]
LOSS, FAMILY = "mean_absolute_error", "cross_entropy"


def run(target, *options):
    """The contract tests in a process of their own; gives what it printed and the record."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/contract",
        "-q",
        "-p",
        "no:cacheprovider",
        "--certificates",
        target,
        *options,
    ]
    ran = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    return ran.stdout, json.loads(target.read_text()) if target.exists() else None


@pytest.mark.parametrize("options", [("-p", "no:xdist"), ("-n", "1")], ids=["plain", "xdist"])
def test_a_run_of_one_loss_records_that_loss(tmp_path, options):
    target = tmp_path / "certificates.json"
    before = fingerprints(ROOT)[FAMILY]
    former = {
        "families": {"contrastive": {"losses": {}}, FAMILY: {"fingerprint": "of other sources", "losses": {"x": {}}}}
    }
    target.write_text(json.dumps(former))
    said, record = run(target, "-k", LOSS, *options)
    assert "what was proven of 1 loss: " in said
    assert record["families"]["contrastive"] == {"losses": {}}, "what was proven of another family stays"
    record = record["families"][FAMILY]
    assert list(record["losses"]) == [LOSS] and record["fingerprint"] == before
    facts = record["losses"][LOSS]
    assert facts["cases"] == [f"{LOSS}-defaults"] and facts["exempt"] == dict(lossatlas.get(LOSS).exempt)
    assert "failed" not in facts["tests"].values() and "passed" not in facts["tests"].values()
    passed = int(re.search(r"(\d+) passed", said)[1])
    assert len(record["tests"]) > 50 and 50 < facts["runs"] <= passed
    assert record["tests"]["transforms/vmap"] == "vmap" and record["tests"]["transforms/func_grad"] is None
    assert record["machine"]["cores"] == os.cpu_count()
    assert [path.name for path in tmp_path.iterdir()] == ["certificates.json"]


def test_half_a_run_records_nothing(tmp_path):
    said, record = run(tmp_path / "certificates.json", "-k", f"{LOSS} and not vmap")
    assert record is None and "what was proven" not in said


def test_a_place_that_cannot_be_written_does_not_fail_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    said, record = run(tmp_path / "file" / "certificates.json", "-k", LOSS)
    assert record is None and "no record of what was proven: " in said
