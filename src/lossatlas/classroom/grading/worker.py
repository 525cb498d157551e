"""The child: runs a submission's notebook, then calls its functions when the grader requests it.

It is started by `sandbox.py` as `python -m lossatlas.classroom.grading.worker`, with one pipe for the requests of the
grader and one for replies. Nothing in a reply is trusted.
"""

import contextlib
import os
import sys

import torch

from ...exercises.answers import is_stub
from . import calls, confine
from .cells import NotANotebook, Notebook, alarm, sources
from .channel import Channel, Gone
from .frames import FrameError

MESSAGE = 2000
HEAD = 200


class Worker:
    def __init__(self, channel):
        self.channel, self.functions, self.graphs = channel, [], calls.Graphs()

    def serve(self):
        """Confine itself, run the notebook, and answer until the grader closes its end."""
        start = self._receive()
        confine.limit(**start["limits"])
        if start["with_parent"]:
            confine.end_with_parent()
        if start["refuse"]:
            confine.refuse_calls()
        self.seconds = start["call_seconds"]
        try:
            cells = sources(start.pop("notebook").numpy().tobytes())
        except NotANotebook as reason:
            self._send({"lost": str(reason)})
            return
        self.notebook = Notebook()
        for index, source in cells:
            if index in start["leave_out"]:
                continue
            self._send({"cell": index, "head": source.strip()[:HEAD]})
            error, printed = self.notebook.run(source, start["cell_seconds"])
            self._send({"cell": index, "error": error[:MESSAGE], "printed": printed})
        self._send({"names": list(map(str, self.notebook.names))})
        while True:
            message = self._receive()
            self.graphs.drop(message.pop("drop"))
            self._answer(message)

    def _answer(self, message):
        try:
            with alarm(self.seconds):
                reply = getattr(self, f"do_{message.pop('request')}")(**message)
        except BaseException as error:  # whatever a submission raises, the grader gets a reply
            reply = self._raised(error)
        try:
            self._send(reply)
        except FrameError:
            self._send(self._raised(ValueError("what it returned is too large to be handed to the grader")))
        except Gone:
            raise
        except BaseException as error:  # to look into a value may run the submission's code
            self._send(self._raised(error))

    def do_get(self, name):
        names = self.notebook.names
        return {"value": names[name]} if name in names else {"missing": True}

    def do_call(self, function, arguments, tensors, tracked, leaves, batches, grad, listen):
        value, outputs, changed, inputs, names = calls.call(
            function, arguments, tensors, tracked=tracked, leaves=leaves, batches=batches, grad=grad, listen=listen
        )
        flowing = grad and any(tracked) and any(x.requires_grad for x in outputs)
        return {
            "value": value,
            "outputs": outputs,
            "changed": changed,
            "names": names,
            "ticket": self.graphs.keep(outputs, inputs) if flowing else None,
        }

    def do_gradient(self, ticket, cotangents, wanted):
        gradients, ticket = self.graphs.gradient(ticket, cotangents, wanted)
        return {"gradients": gradients, "ticket": ticket}

    def _raised(self, error):
        try:
            message = str(error)[:MESSAGE]
        except BaseException:  # as above
            message = ""
        explanation = self.notebook.explanation(error, self.seconds)[:MESSAGE]
        return {
            "raised": _builtin(type(error)),
            "name": type(error).__name__[:80],
            "message": message,
            "explanation": explanation,
        }

    def _receive(self):
        return self.channel.receive(lambda number: self.functions[number])

    def _send(self, message):
        self.channel.send(message, self._reference)

    def _reference(self, function):
        """What stands for a function: its number, its name, and whether it is a stub."""
        number = next((i for i, known in enumerate(self.functions) if known is function), len(self.functions))
        if number == len(self.functions):
            self.functions.append(function)
        name = getattr(function, "__name__", type(function).__name__)
        return [number, str(name)[:80], is_stub(function)]


def _builtin(kind):
    """The nearest of Python's own exceptions."""
    return next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")


def main():
    """Put the pipes where prints cannot reach them, and serve."""
    reads, writes = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for end in (0, 1, 2):
        os.dup2(nothing, end)
    torch.set_num_threads(1)
    frame_bytes = int(sys.argv[1])
    with contextlib.suppress(Gone):
        Worker(Channel(reads, writes, frame_bytes)).serve()


if __name__ == "__main__":
    main()
