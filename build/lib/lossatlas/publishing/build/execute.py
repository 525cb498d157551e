"""Execute the notebooks of the book in parallel, each only when something it depends on has changed."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from tqdm import tqdm

from .book import BookError
from .keys import notebook_key
from .provenance import device_name, versions

RUNNER = Path(__file__).with_name("run_notebook.py")
TIERS = ("smoke", "full")
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
#: One cell may take this long; a whole smoke chapter should take a tenth of it.
CELL_TIMEOUT = {"smoke": 600, "full": 4 * 3600}


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook in one call of `execute`."""

    name: str
    status: str  # "executed", "reused" or "failed"
    report: dict


def execute(book, names=(), *, tier="smoke", shard=(1, 1), jobs=None, force=False, timeout=None):
    """Bring the executed copies up to date.

    Args:
        book: the `Book`.
        names: notebooks to consider; none means all.
        tier: `"smoke"` or `"full"`, handed to each notebook's `parameters` cell.
        shard: (i, n): only the i-th of n parts of the notebooks, i from 1.
        jobs: notebooks at a time; default one per processor core.
        force: execute even what is up to date.
        timeout: seconds one cell may take; default by tier.

    Returns:
        One `Outcome` per notebook. Executed copies and their records are kept even when others fail.
    """
    notebooks = part(book.notebooks(names), *shard)
    records = read_record(book)
    outcomes, stale = [], []
    for name, path in notebooks.items():
        plan = {"name": name, "path": path, "tier": tier, "parameters": _parameters(path, tier)}
        plan["key"] = notebook_key(book, path, plan["parameters"])
        if not force and up_to_date(book, name, plan["key"], records):
            outcomes.append(Outcome(name, "reused", records[name]))
        else:
            stale.append(plan)
    stale.sort(key=lambda plan: -records.get(plan["name"], {}).get("seconds", 0))

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        running = {pool.submit(_run, book, plan, timeout or CELL_TIMEOUT[tier]): plan for plan in stale}
        progress = tqdm(
            as_completed(running),
            total=len(running),
            desc="executing",
            unit="notebook",
            disable=None if running else True,
        )
        for future in progress:
            plan, report = running[future], future.result()
            status = "failed" if report["error"] else "executed"
            outcomes.append(Outcome(plan["name"], status, report))
            records[plan["name"]] = report
            _write_record(book, records)
            progress.write(describe(outcomes[-1]), file=sys.stderr)
    return sorted(outcomes, key=lambda outcome: outcome.name)


def describe(outcome):
    """One line (more for a failure) about an outcome."""
    report = outcome.report
    line = (
        f"{outcome.name}: {outcome.status}, {report['seconds']} s, peak {report['peak_mib']} MiB, tier {report['tier']}"
    )
    return f"{line}\n{report['error']}" if outcome.status == "failed" else line


def part(notebooks, i, n):
    """The i-th of n parts of the notebooks: every n-th, so that neighbours spread over the parts."""
    if not 1 <= i <= n:
        raise BookError(f"shard: expected i/n with 1 <= i <= n, got {i}/{n}")
    return dict(list(notebooks.items())[i - 1 :: n])


def read_record(book):
    """What `_build/execution.json` says, by notebook name."""
    return json.loads(book.record.read_text(encoding="utf8")) if book.record.is_file() else {}


def up_to_date(book, name, key, records):
    """Whether the executed copy of a notebook is there and was made under this key."""
    done = records.get(name, {})
    return done.get("status") == "ok" and done.get("key") == key and (book.executed / f"{name}.ipynb").is_file()


def _run(book, plan, timeout):
    """Execute one notebook; its executed copy replaces the former one only when it ran to the end."""
    copy = book.executed / f"{plan['name']}.ipynb"
    attempt = book.failed / f"{plan['name']}.ipynb"
    for path in (copy, attempt):
        path.parent.mkdir(parents=True, exist_ok=True)
    request = {
        "source": str(plan["path"]),
        "target": str(attempt),
        "parameters": plan["parameters"],
        "folder": str(book.sources),
        "timeout": timeout,
    }
    # A profile of the person who builds the book must not change what the book shows.
    clean = {"IPYTHONDIR": str(book.build / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    process = subprocess.run(
        [sys.executable, str(RUNNER)],
        input=json.dumps(request),
        env={**os.environ, **ONE_THREAD, **clean, "LOSSATLAS_STATIC": "1"},
        capture_output=True,
        text=True,
    )
    if process.returncode == 0:
        report = json.loads(process.stdout)
    else:
        report = {
            "seconds": 0,
            "peak_mib": 0,
            "error": process.stderr.strip() or f"ended with code {process.returncode}",
        }
    if report["error"]:
        report["error"] += f"\nthe copy up to there: {attempt.relative_to(book.root)}"
    else:
        attempt.replace(copy)
    status = "failed" if report["error"] else "ok"
    facts = {"device": device_name(), "versions": versions()}
    return {
        "status": status,
        "tier": plan["tier"],
        "key": plan["key"],
        "parameters": plan["parameters"],
        **report,
        **facts,
    }


def _parameters(path, tier):
    """What to hand to papermill: the tier, where the notebook has a cell tagged `parameters` to take it."""
    cells = nbformat.read(path, as_version=4).cells
    return {"tier": tier} if any("parameters" in cell.metadata.get("tags", ()) for cell in cells) else {}


def _write_record(book, records):
    book.build.mkdir(parents=True, exist_ok=True)
    book.record.write_text(json.dumps(dict(sorted(records.items())), indent=2) + "\n", encoding="utf8")
