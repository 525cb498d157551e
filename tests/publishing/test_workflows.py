"""The files that run outside this machine: they fit their schemas, cannot hang, and have no rights they do not need."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lossatlas.publishing.pages.exercises import BRANCH

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}
TEXTS = {path.stem: path.read_text(encoding="utf8") for path in WORKFLOWS}
#: Values by workflow; YAML reads the key `on` as True.
LOADED = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = [(name, job) for name, workflow in LOADED.items() for job in workflow["jobs"]]


def job_of(workflow, job):
    return LOADED[workflow]["jobs"][job]


def commands(workflow):
    """All shell commands of a workflow."""
    return "\n".join(step.get("run", "") for job in LOADED[workflow]["jobs"].values() for step in job["steps"])


def test_all_workflows_are_there():
    assert set(LOADED) == {"assignments", "ci", "gpu", "links", "nightly", "pages", "parity", "release"}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_fit_their_schemas(schema):
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        "--output-format",
        "json",
        *SCHEMAS[schema],
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["status"] == "ok"


@pytest.mark.parametrize("name", LOADED)
def test_a_failing_command_fails_its_step(name):
    # This shell is run by GitHub as `bash --noprofile --norc -eo pipefail`.
    assert LOADED[name]["defaults"]["run"]["shell"] == "bash"
    assert not re.search(r"\|\| true|set \+e|continue-on-error", TEXTS[name])


@pytest.mark.parametrize("name", LOADED)
def test_a_workflow_starts_with_the_right_to_read_and_no_more(name):
    assert LOADED[name]["permissions"] == {"contents": "read"}


def test_rights_to_write_are_given_where_they_are_needed_alone():
    given = {job: job_of(*job).get("permissions") for job in JOBS}
    assert {job: rights for job, rights in given.items() if rights} == {
        ("assignments", "publish"): {"contents": "write"},
        ("links", "check"): {"contents": "read", "issues": "write"},
        ("pages", "deploy"): {"pages": "write", "id-token": "write"},
        ("release", "github"): {"contents": "write"},
        ("release", "package-index"): {"id-token": "write"},
    }


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_a_job_cannot_hang(job):
    assert 0 < job_of(*job)["timeout-minutes"] <= 720


@pytest.mark.parametrize("name", LOADED)
def test_runs_do_not_pile_up(name):
    assert LOADED[name]["concurrency"]["group"]
    assert "cancel-in-progress" in LOADED[name]["concurrency"]


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_actions_are_pinned_and_leave_no_token_behind(job):
    for step in job_of(*job)["steps"]:
        if "uses" in step:
            assert re.search(r"@(v\d+|[0-9a-f]{40}|release/v\d+)$", step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", LOADED)
def test_what_an_event_brings_is_never_pasted_into_a_shell(name):
    assert "${{" not in commands(name), "hand it over in `env`"


@pytest.mark.parametrize("name", LOADED)
def test_hosts_come_from_variables(name):
    assert not re.search(r"https?://|\bpypi\.org|\bindex-url\b", TEXTS[name])


def test_every_supported_python_is_tested_with_the_one_command():
    job = job_of("ci", "test")
    supported = re.search(r'requires-python = ">=(\S+)"', (ROOT / "pyproject.toml").read_text(encoding="utf8"))[1]
    assert job["strategy"]["matrix"]["python"][0] == supported == "3.11"
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert ".ci/run" in commands("ci")
    assert 'make "${1:-test}"' in (ROOT / ".ci" / "run").read_text(encoding="utf8")


def test_everything_is_run_each_night():
    assert ".ci/run test-all" in commands("nightly") and "schedule" in LOADED["nightly"][True]
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    assert re.search(r"^test-all: lint unit site-all$", makefile, re.M)
    assert "--push" in makefile.partition("\nsite:")[2].partition("\n\n")[0]
    assert "--push" not in makefile.partition("\nsite-all:")[2].partition("\n\n")[0]


def test_what_failed_is_kept():
    kept = [step for step in job_of("ci", "test")["steps"] if step.get("if") == "failure()"]
    assert [step["uses"].partition("@")[0] for step in kept] == ["actions/upload-artifact"]


def test_the_gpu_tier_runs_where_the_repository_says_and_nowhere_else():
    job = job_of("gpu", "execute")
    assert job["runs-on"] == "${{ vars.GPU_RUNNER_LABEL }}"
    assert job["if"] == "vars.GPU_RUNNER_LABEL != '' && !github.event.repository.fork"
    assert {"workflow_dispatch", "schedule"} == set(LOADED["gpu"][True])


def test_the_gpu_tier_asks_for_the_gpu_before_it_executes_every_notebook_in_parts():
    order = [commands("gpu").index(part) for part in ("nvidia-smi", "torch.cuda.is_available()", "lossatlas execute")]
    assert order == sorted(order)
    assert "--tier full" in commands("gpu") and '--shard "$PART"' in commands("gpu")
    job = job_of("gpu", "execute")
    assert any(
        step.get("env", {}).get("PART") == "${{ matrix.part }}/${{ strategy.job-total }}" for step in job["steps"]
    )
    assert job["strategy"]["matrix"]["part"] == list(range(1, len(job["strategy"]["matrix"]["part"]) + 1))
    assert "PIP_EXTRA_INDEX_URL" not in TEXTS["gpu"], "that index has a torch for CPUs alone"


def test_the_gpu_tier_keeps_what_it_made_however_it_ended():
    kept = [step for step in job_of("gpu", "execute")["steps"] if "upload-artifact" in step.get("uses", "")]
    assert [step["if"] for step in kept] == ["always()"]
    assert {"_build/executed", "_build/execution.json"} <= set(kept[0]["with"]["path"].split())


@pytest.mark.parametrize("name", ["assignments", "pages", "links", "release"])
def test_forks_publish_nothing(name):
    first = next(iter(LOADED[name]["jobs"].values()))
    assert first["if"] == "${{ !github.event.repository.fork }}"
    assert all("needs" in job for job in list(LOADED[name]["jobs"].values())[1:])


@pytest.fixture
def publish(tmp_path):
    """A function that runs the step which puts notebooks on the branch, against a repository on this machine."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text("#!/bin/sh\n")  # it hands git a token; this repository asks for none
    (tmp_path / "bin" / "gh").chmod(0o755)
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "books" / "atlas"], check=True)
    step = job_of("assignments", "publish")["steps"][-1]["run"]
    place = {
        "GITHUB_SERVER_URL": str(tmp_path / "books"),
        "GITHUB_REPOSITORY": "atlas",
        "GITHUB_SHA": "0123456789abcdef",
    }
    plain = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }

    def run(**notebooks):
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        (folder / "notebooks").mkdir(parents=True)
        for name, text in notebooks.items():
            (folder / "notebooks" / f"{name}.ipynb").write_text(text)
        subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step],
            cwd=folder,
            env={**os.environ, **place, **plain},
            check=True,
        )
        return lambda *words: subprocess.run(
            ["git", "-C", tmp_path / "books" / "atlas", *words], capture_output=True, text=True, check=True
        ).stdout.split()

    return run


def test_the_branch_of_the_students_holds_their_notebooks_and_its_history_goes_on(publish):
    git = publish(one="1", two="2")
    first = git("rev-parse", "student")
    assert git("ls-tree", "-r", "--name-only", "student") == ["one.ipynb", "two.ipynb"]
    assert publish(one="1", two="2")("rev-parse", "student") == first
    publish(one="changed")
    assert git("ls-tree", "-r", "--name-only", "student") == ["one.ipynb"] and git("show", "student:one.ipynb") == [
        "changed"
    ]
    assert git("rev-parse", "student~1") == first


def test_nothing_but_student_notebooks_leaves_the_job_that_makes_assignments():
    steps = job_of("assignments", "make")["steps"]
    (kept,) = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]
    (filled,) = [step["run"] for step in steps if "mkdir notebooks" in step.get("run", "")]
    assert kept == "notebooks" and re.findall(r"-path '(.+?)' -exec cp", filled) == ["*/student/*.ipynb"]
    assert "make " not in job_of("assignments", "publish")["steps"][-1]["run"]
    assert not any("checkout" in step.get("uses", "") for step in job_of("assignments", "publish")["steps"])


def test_the_branch_is_the_one_that_the_site_leads_to():
    assert f"HEAD:{BRANCH}" in commands("assignments")


def test_workflows_call_targets_and_commands_that_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for name in LOADED:
        for target in re.findall(r"^make (\w+)", commands(name), re.M):
            assert re.search(rf"^{target}:", makefile, re.M), f"{name}: make {target}"
        for command in re.findall(r"lossatlas ([a-z]+)", commands(name)):
            result = subprocess.run(
                [sys.executable, "-m", "lossatlas.publishing.cli", command, "--help"], capture_output=True
            )
            assert result.returncode == 0, f"{name}: lossatlas {command}"


def test_the_changelog_has_the_section_that_a_release_asks_for():
    import lossatlas

    assert f"## [{lossatlas.__version__}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
