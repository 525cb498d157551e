"""What README and CONTRIBUTING say is so: links lead somewhere, commands exist, and their code runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import lossatlas
from lossatlas.losses.cross_entropy import polynomial
from tests.families.cross_entropy import references

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf8")


def code_of(name, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.S)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_inside_the_repository_lead_to_files(name):
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", text_of(name))
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(name):
    targets = set(re.findall(r"^make (\w+)|`make (\w+)`", text_of(name), re.M))
    missing = [a or b for a, b in targets if not re.search(rf"^{a or b}:", text_of("Makefile"), re.M)]
    assert targets and missing == []


def test_the_two_commands_come_first():
    first = code_of("README.md", "sh")[0]
    assert re.findall(r"^make \w+", first, re.M) == ["make book", "make test"]


def test_folders_that_the_readme_lists_are_there():
    rows = re.findall(r"^\| (`.+?) \|", text_of("README.md"), re.M)
    named = [path for row in rows for path in re.findall(r"`([^`]+)`", row)]
    places = [ROOT, ROOT / "src" / "lossatlas"]
    assert named and all(any((place / path.replace("<family>/", "")).exists() for place in places) for path in named)


def test_the_examples_of_the_readme_run():
    names = {}
    exec("\n".join(code_of("README.md", "python")), names)
    assert names["loss"].ndim == 0 and names["logits"].grad.isfinite().all()
    assert isinstance(names["criterion"], torch.nn.Module)


def test_the_picture_of_the_readme_is_drawn_from_the_library(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs" / "draw_losses.py", tmp_path / "losses.svg"], check=True, cwd=ROOT)
    assert "<svg" in (tmp_path / "losses.svg").read_text(encoding="utf8")
    assert (ROOT / "docs" / "losses.svg").stat().st_size < 150_000


def test_the_loss_of_the_recipe_is_one(scratch_registry):
    (example,) = [code for code in code_of("CONTRIBUTING.md", "python") if code.startswith("@loss")]
    assert not hasattr(lossatlas, "power_miss_loss")
    names = {**vars(polynomial)}
    exec(example, names)
    logits, target = torch.randn(20, 5, dtype=torch.float64), torch.arange(20) % 5
    miss = 1 - logits.softmax(-1).gather(-1, target[:, None]).squeeze(-1)
    torch.testing.assert_close(names["power_miss_loss"](logits, target, exponent=3.0), (miss**3).mean())
    entry = lossatlas.get("power_miss_loss")
    assert entry.summary.endswith(".") and entry.formula == r"\ell = (1 - p_y)^a"
    assert entry.use.startswith("When ") and " Not when " in entry.use
    (loop,) = [code for code in code_of("CONTRIBUTING.md", "python") if code.startswith("@per_item")]
    naive = {**vars(references)}
    exec(loop, naive)
    again = naive["power_miss_loss"](logits.tolist(), target.tolist(), exponent=3.0)
    torch.testing.assert_close(
        names["power_miss_loss"](logits, target, exponent=3.0, reduction="none"),
        torch.tensor(again, dtype=torch.float64),
    )


def test_licences_are_there_in_full():
    assert text_of("LICENSE").startswith("MIT License")
    assert "Creative Commons Attribution 4.0 International Public" in text_of("LICENSE-TEXT")
    assert "Section 8 -- Interpretation." in text_of("LICENSE-TEXT")
