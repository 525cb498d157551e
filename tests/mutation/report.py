"""What was found, kept from run to run, and put into numbers and words."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import yaml

from .mutants import named
from .sandbox import ROOT

FOLDER = Path("_build") / "mutation"
EQUIVALENT = "equivalent.yml"
BAR = 0.95
#: Of `contract`: what the losses compute with.
PRIMITIVES = ("fused.py", "safe.py")
TESTS = ("contract", "references", "families", "mutation")


class State:
    """Results of mutants by their key, as long as library and tests are the same.

    With `keep_kills` those that were killed stay so as long as their own file is the same.
    """

    def __init__(self, root, fresh=False, keep_kills=False):
        folder = root / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self.results = folder / "results.jsonl", {}
        library = sorted((root / "src" / "lossatlas").rglob("*.py"))
        tests = (
            p for name in TESTS for p in sorted((root / "tests" / name).rglob("*.*")) if p.suffix in (".py", ".json")
        )
        self.mark = {"library": _digest(library), "tests": _digest(tests), "kept": 0}
        if self.file.exists() and not fresh:
            head, *lines = [json.loads(line) for line in self.file.read_text().splitlines() if line.endswith("}")]
            if all(head[part] == self.mark[part] for part in ("library", "tests")):
                self.mark["kept"] = head["kept"]
            else:
                here = {_digest([path]) for path in library}
                lines = [found for found in lines if keep_kills and found["end"] == "failed" and found["file"] in here]
                self.mark["kept"] = len(lines)
            self.results = {found["key"]: found for found in lines}
        self.file.write_text("".join(json.dumps(line) + "\n" for line in [self.mark, *self.results.values()]))

    def keep(self, mutant, found):
        self.results[mutant.key] = {"key": mutant.key, "file": _digest([mutant.path]), **found}
        with self.file.open("a") as file:
            file.write(json.dumps(self.results[mutant.key]) + "\n")


def _digest(paths):
    whole = hashlib.sha256()
    for path in paths:
        whole.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def equivalents():
    """(file, function, line, change) -> reason, from the `equivalent.yml` of each family."""
    found = {}
    for path in sorted((ROOT / "tests" / "families").glob(f"*/{EQUIVALENT}")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            for change in row["changes"]:
                found[f"{path.parent.name}/{row['file']}", row["function"], row["line"], change] = row["reason"]
    return found


def check_equivalents(mutants, files):
    """Every listed line still exists, and the change that is described is one that is made."""
    made, names = {_place(m) for m in mutants}, {named(f) for f in files}
    gone = [place for place in equivalents() if place[0] in names and place not in made]
    if gone:
        raise SystemExit(
            "\n".join([f"{EQUIVALENT} speaks of changes that are not made:", *(" | ".join(p) for p in gone)])
        )


def _place(mutant):
    return mutant.file, mutant.function, mutant.before, mutant.after


def write(root, mutants, state):
    """Write the report: its text, and whether the losses reach the bar with all that survived counted as missed."""
    rows = [_row(m, state.results[m.key]) for m in mutants if m.key in state.results]
    needless = [row for row in rows if row["outcome"] != "survived" and row["equivalent"]]
    groups = {}
    for name, chosen in _groups(rows).items():
        if chosen:
            groups[name] = {
                "total": _score(chosen),
                "files": _scores(chosen, "file"),
                "operators": _scores(chosen, "operator"),
            }
    survivors = [row for row in rows if row["outcome"] == "survived"]
    found = {
        **state.mark, "groups": groups, "survivors": survivors, "killers": Counter(r["by"] for r in rows if r["by"]),
        "listed_as_equivalent_but_killed": needless,
    }  # fmt: skip
    folder = root / FOLDER
    (folder / "report.json").write_text(json.dumps(found, indent=1))
    text = _words(found)
    (folder / "report.md").write_text(text)
    return text, groups.get("losses", {}).get("total", {}).get("score", 1.0) >= BAR


def _row(mutant, found):
    outcome = {"passed": "survived", "timed out": "timed out", "crashed": "killed", "failed": "killed"}[found["end"]]
    return {
        "file": mutant.file, "line": mutant.line, "function": mutant.function, "operator": _family(mutant.operator),
        "group": mutant.group, "before": mutant.before, "after": mutant.after, "outcome": outcome,
        "by": found.get("by", "").partition("[")[0], "why": found.get("why", "").partition("\n")[0],
        "equivalent": equivalents().get(_place(mutant)),
    }  # fmt: skip


def _family(operator):
    return "_".join(operator.split("_")[:1])


def _groups(rows):
    return {
        "losses": [r for r in rows if r["group"] == "body" and r["file"] not in PRIMITIVES],
        "what they compute with": [r for r in rows if r["group"] == "body" and r["file"] in PRIMITIVES],
        "what decorators declare": [r for r in rows if r["group"] == "declared"],
    }


def _score(rows):
    count = Counter(row["outcome"] for row in rows)
    equivalent = sum(row["outcome"] == "survived" and bool(row["equivalent"]) for row in rows)
    dead = count["killed"] + count["timed out"]
    return {
        "mutants": len(rows), "killed": count["killed"], "timed_out": count["timed out"], "survived": count["survived"],
        "equivalent": equivalent, "score": dead / len(rows),
        "score_without_equivalent": dead / max(len(rows) - equivalent, 1),
    }  # fmt: skip


def _scores(rows, key):
    names = sorted({row[key] for row in rows})
    return {name: _score([row for row in rows if row[key] == name]) for name in names}


def _words(found):
    lines = ["# Mutants", ""]
    if found["kept"]:
        lines += [f"Of these, {found['kept']} were killed in an earlier run, before other files or tests changed.", ""]
    for name, group in found["groups"].items():
        lines += [
            f"## {name}",
            "",
            "| | mutants | killed | timed out | survived | of these equivalent | score | without equivalent |",
        ]
        lines += ["|---|---:|---:|---:|---:|---:|---:|---:|"]
        for part in ("total", "files", "operators"):
            scores = {"all": group[part]} if part == "total" else group[part]
            for what, s in scores.items():
                numbers = [s[k] for k in ("mutants", "killed", "timed_out", "survived", "equivalent")]
                lines += [
                    f"| {what} | {' | '.join(map(str, numbers))} | {s['score']:.1%} |"
                    f" {s['score_without_equivalent']:.1%} |"
                ]
        lines += [""]
    lines += ["## Survivors", ""]
    for row in sorted(found["survivors"], key=lambda row: (bool(row["equivalent"]), row["file"], row["line"])):
        mark = f" (equivalent: {row['equivalent']})" if row["equivalent"] else ""
        lines += [
            f"{row['file']}:{row['line']} {row['function']} {row['operator']}{mark}",
            f"    - {row['before']}",
            f"    + {row['after']}",
        ]
    if found["listed_as_equivalent_but_killed"]:
        lines += ["", "## Listed as equivalent, but killed", ""]
        lines += [
            f"{row['file']}: {row['before']} => {row['after']}" for row in found["listed_as_equivalent_but_killed"]
        ]
    return "\n".join(lines) + "\n"
