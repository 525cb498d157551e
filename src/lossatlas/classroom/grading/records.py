"""The results of each student, one file each: a class can be graded in several runs, and again after a change."""

import functools
import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy
import torch

import lossatlas


def key_of(data, student, master, isolation, limits):
    """What a record hangs on: submission, student, questions and checks, the library, and the limits."""
    questions = [
        (q.name, q.key, q.title, q.stub, q.answers, [(c.name, c.points, c.hidden, c.source, c.needs) for c in q.checks])
        for q in master.questions
    ]
    settings = {
        "student": student,
        "questions": questions,
        "library": library(),
        "isolation": isolation,
        "limits": asdict(limits),
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode() + b"\n" + data).hexdigest()


@functools.cache
def library():
    """Versions and a hash of the sources of what grades."""
    root, found = Path(lossatlas.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return f"{lossatlas.__version__} {found.hexdigest()[:16]}, torch {torch.__version__}, numpy {numpy.__version__}"


def load(path, key):
    """The record of this key, or None: a record of another key, or half a one, counts as none."""
    try:
        record = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("key") == key else None


def save(path, record):
    """Write a record, whole or not at all."""
    write(path, json.dumps(record, indent=1) + "\n")


def write(path, content):
    """Replace a file in one step, so that a run that is stopped leaves no half of one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with open(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf8", "backslashreplace"))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
