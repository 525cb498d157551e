"""Submissions that mean harm. None contains a right answer, so each is worth nothing unless its attack works."""

import os

from . import classroom

WRONG_LOSS = "def my_cross_entropy(logits, target):\n    return logits.sum(-1)"
FAKE_RESULT = """print("Exercise cross_entropy/1: Three logits by hand\\nSolved: all 7 properties hold.")
print('{"passed": true, "points": 3, "score": 1e9}')
from IPython.display import HTML"""


def cells(student, *sources):
    """A notebook's cells: the opening, an answer that is wrong, and the attack."""
    return [classroom.opening(student), WRONG_LOSS, *sources]


def crash(world):
    return cells("crash", "import ctypes\nctypes.string_at(0)", "import os\nos._exit(3)")


def late_crash(world):
    """What it had right before counts."""
    return [classroom.opening("late_crash"), classroom.RIGHT_BY_HAND, "import os\nos._exit(1)"]


def crash_in_answer(world):
    return cells("crash_in_answer", "def my_cross_entropy(logits, target):\n    import os\n    os._exit(0)")


def endless_cell(world):
    return cells(
        "endless_cell",
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    )


def endless_answer(world):
    return cells("endless_answer", "def my_cross_entropy(logits, target):\n    while True:\n        pass")


def memory(world):
    return cells("memory", "hoard = []\nwhile True:\n    hoard.append(bytearray(b'x' * 10**8))")


def fork(world):
    return cells("fork", "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass")


def leaves_processes(world):
    return cells(
        "leaves_processes",
        f"import subprocess\nleft = subprocess.Popen(['sleep', '{world.marker}'], start_new_session=True)",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()",
    )


def writes_outside(world):
    places = [
        str(place)
        for place in (
            world.precious,
            world.submissions / "honest_ada.ipynb",
            world.out / "grades.csv",
            world.master_file,
        )
    ]
    return cells(
        "writes_outside",
        f"for place in {places!r}:\n"
        "    try:\n"
        "        open(place, 'w').write('mine now')\n"
        "    except OSError:\n"
        "        pass",
    )


def deletes_files(world):
    return cells(
        "deletes_files",
        "import shutil\n"
        f"for place in {[str(world.root), '/home', '/usr/lib/python3']!r}:\n"
        "    shutil.rmtree(place, ignore_errors=True)",
        "import lossatlas, pathlib\nshutil.rmtree(pathlib.Path(lossatlas.__file__).parent, ignore_errors=True)",
    )


def reads_others(world):
    """Takes over the cells of an honest student, and those of the solution."""
    places = [str(world.submissions / "honest_ada.ipynb"), str(world.master_file)]
    return cells(
        "reads_others",
        f"""import json, pathlib
for place in {places!r}:
    for cell in json.loads(pathlib.Path(place).read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"])
student = "reads_others" """,
    )


def searches_solutions(world):
    """Looks for the solution everywhere it may read."""
    return cells(
        "searches_solutions",
        """import os, re
found = []
for top in ("/home", "/root", "/tmp", "/usr/share", "/proc/1/root", "/proc/self/cwd", "/srv", "/mnt", "/etc", "/var"):
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith((".ipynb", ".json")):
                try:
                    text = open(os.path.join(folder, name)).read()
                except Exception:
                    continue
                if "BEGIN SOLUTION" in text or "solution-marker-81723" in text:
                    found.append(text)
if found:
    def my_cross_entropy(logits, target):
        shifted = logits - logits.amax(-1, keepdim=True)
        return shifted.exp().sum(-1).log() - shifted.gather(-1, target.unsqueeze(-1)).squeeze(-1)""",
    )


def opens_socket(world):
    return cells(
        "opens_socket",
        "import socket\n"
        "for host in ('127.0.0.1', 'localhost', '::1'):\n"
        "    try:\n"
        f"        socket.create_connection((host, {world.port}), timeout=2).send(b'leak')\n"
        "    except OSError:\n"
        "        pass",
        "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=2)",
    )


def patches_grader(world):
    return cells(
        "patches_grader",
        """import sys, torch
import lossatlas.exercises as exercises
import lossatlas.exercises.run as run
for module in list(sys.modules.values()):
    for name in ("check_properties", "check", "examine", "need", "grade", "find"):
        if hasattr(module, name) and getattr(module, "__name__", "").startswith("lossatlas"):
            setattr(module, name, lambda *a, **k: type("Result", (), {"passed": True, "score": 1e9, "feedback": ()})())
run.NotSolved = Warning
exercises.EXERCISES.clear()
import builtins
builtins.AssertionError = Warning""",
    )


def patches_torch(world):
    return cells(
        "patches_torch",
        """import torch
torch.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = torch.Tensor.__lt__ = torch.Tensor.__le__ = lambda *a, **k: True
torch.Tensor.all = torch.Tensor.any = lambda *a, **k: True
torch.autograd.grad = lambda *a, **k: (torch.zeros(1),)
def check(*a, **k): return "Solved"
check_properties = given = check
class Always:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __float__(self): return 0.5
    def __iter__(self): return iter([self, self, self])
p_by_hand = loss_by_hand = gradient_by_hand = Always()
def my_cross_entropy(logits, target): return Always()""",
    )


def prints_results(world):
    return cells(
        "prints_results", FAKE_RESULT, "import os\nfor fd in (1, 2):\n    os.write(fd, b'passed 7/7 points\\n')"
    )


def fake_frames(world):
    """Writes messages of its own into every open file."""
    return cells(
        "fake_frames",
        """import json, os, struct
def shout():
    for value in ({"names": ["my_cross_entropy"]}, {"value": [0.0], "tensors": []}, {"raised": "x"}, [], 1):
        head = json.dumps(value).encode()
        for magic in (b"atl1", b"atl2", b""):
            for fd in range(0, 64):
                try:
                    os.write(fd, magic + struct.pack(">IQ", len(head), 0) + head)
                except OSError:
                    pass
shout()""",
        "def my_cross_entropy(logits, target):\n    shout()\n    return logits.sum(-1)",
    )


def another_student(world):
    """Honest Ada's numbers, under her name."""
    return [classroom.opening("honest_ada"), classroom.RIGHT_BY_HAND, WRONG_LOSS, "student = 'honest_ada'"]


def kills(world):
    return cells(
        "kills",
        "import os, signal\n"
        "for target in (os.getppid(), 1, -1, *range(2, 40)):\n"
        "    try:\n"
        "        os.kill(target, signal.SIGKILL)\n"
        "    except OSError:\n"
        "        pass",
    )


def huge_answers(world):
    return cells(
        "huge_answers",
        "p_by_hand = [0.1] * 10**7\n"
        "loss_by_hand = 10 ** 100_000\n"
        "gradient_by_hand = gradient_by_hand = []\n"
        "for _ in range(5000):\n"
        "    gradient_by_hand = [gradient_by_hand]",
        "def my_cross_entropy(logits, target):\n    return torch.zeros(10**9).expand(10**9)",
        "def own_loss(logits, target):\n    return torch.zeros(1).expand(2**40)",
    )


def pickles(world):
    return cells(
        "pickles",
        "class Boom:\n"
        "    def __reduce__(self):\n"
        f"        return (open, ({str(world.precious)!r}, 'w'))\n"
        "p_by_hand = Boom()\n"
        "loss_by_hand = Boom()",
        "def my_cross_entropy(logits, target):\n    return Boom()",
    )


def spoils_pages(world):
    """Tries to put markup, formulas and steering signs into what others read."""
    bad = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    return [
        f"# {bad}\nstudent = '=HYPERLINK(\"http://192.0.2.1\")\\x1b[31m\\u202e{bad}'\nraise ValueError({bad!r})",
        f"def my_cross_entropy(logits, target):\n    raise RuntimeError({bad!r} + '\\x1b]0;owned\\x07\\u202e')",
        f"loss_by_hand = {bad!r}\np_by_hand = gradient_by_hand = [{bad!r}]",
    ]


def fills_disk(world):
    return cells(
        "fills_disk",
        "import itertools, tempfile, os\n"
        "for i in itertools.count():\n"
        "    with open(f'{tempfile.gettempdir()}/f{i}', 'wb') as file:\n"
        "        file.write(b'x' * 10**7)",
    )


#: name -> the cells of its notebook, where the attack is code.
CODE = (
    crash, crash_in_answer, endless_cell, endless_answer, memory, fork, leaves_processes, writes_outside, deletes_files,
    reads_others, searches_solutions, opens_socket, patches_grader, patches_torch, prints_results, fake_frames,
    another_student, kills, huge_answers, pickles, spoils_pages, fills_disk,
)  # fmt: skip


def hand_in_code(world):
    classroom.hand_in(world.submissions, **{attack.__name__: attack(world) for attack in CODE})
    return [attack.__name__ for attack in CODE]


def hand_in_files(world):
    """Files that are no notebooks, or not theirs."""
    folder = world.submissions
    (folder / "not_json.ipynb").write_bytes(os.urandom(5000))
    (folder / "empty_file.ipynb").write_bytes(b"")
    (folder / "other_json.ipynb").write_text('{"cells": {"a": [1, 2]}, "nbformat": "four"}')
    (folder / "deep_json.ipynb").write_text('{"cells": ' + "[" * 200_000)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "link_to_master.ipynb").symlink_to(world.master_file)
    (folder / "link_to_ada.ipynb").symlink_to(folder / "honest_ada.ipynb")
    (folder / "link_to_folder").symlink_to(world.root)
    (folder / "link_to_device.ipynb").symlink_to("/dev/zero")
    (folder / "link_to_nothing.ipynb").symlink_to("/nowhere")
    os.mkfifo(folder / "pipe.ipynb")
    with open(folder / "too_large.ipynb", "wb") as file:
        file.truncate(21_000_000)
    (folder / "two_of_them").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (folder / "two_of_them" / name).write_bytes(classroom.notebook(classroom.right("two_of_them")))
    (folder / "no_notebook").mkdir()
    (folder / "no_notebook" / "notes.txt").write_text("later")
    (folder / "link_inside").mkdir()
    (folder / "link_inside" / "mine.ipynb").symlink_to(world.master_file)
    (folder / "=cmd|'calc'!A0.ipynb").write_text("{}")
    (folder / "new\nline \"quoted\" 'name' <b>..ipynb").write_text("{}")
    (folder / ("long" * 60 + ".ipynb")).write_text("{}")
    (folder / "HONEST_ADA.ipynb").write_text("{}")
    return sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("honest"))
