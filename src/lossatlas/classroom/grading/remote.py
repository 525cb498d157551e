"""A student's function that lives in another process, called as if it were here: values, gradients, `vmap` and all."""

import numpy
import torch
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.overrides import _get_current_function_mode_stack, handle_torch_function

from .errors import error_of
from .gradients import RemoteCall, is_tracked
from .requests import Call
from .trees import Slot, fill, split


class RemoteFunction:
    """A function in the child.

    Gradients of any order, `torch.vmap`, and `grad`, `vjp` and `jacrev` of `torch.func` work, in any mixture. Forward
    derivatives (`jvp`, `jacfwd`, `hessian` of `torch.func`) and `is_grads_batched` do not; checks must do without.

    Attributes:
        is_stub: whether it does nothing yet, as it was handed out.
        origin: (name of the answer, which of the functions in it), by which it is found again in a new child.
    """

    def __init__(self, session, number, name, is_stub, origin, generation):
        self.__name__ = self.__qualname__ = name
        self.session, self.number, self.is_stub, self.origin, self.generation = (
            session,
            number,
            is_stub,
            origin,
            generation,
        )

    def __repr__(self):
        return f"<function {self.__name__}>"

    def __call__(self, *args, **kwargs):
        listeners = _get_current_function_mode_stack()
        with torch._C.DisableTorchFunction():  # what is done here on the way is none of the student's calls
            value, names = self._called(args, kwargs, bool(listeners))
        for name in names:
            _notify_listeners(name)
        return value

    def _called(self, args, kwargs, listen):
        arguments, tensors = split((list(args), kwargs))
        _check(arguments)
        grad = torch.is_grad_enabled()
        call = Call(
            function=self,
            arguments=arguments,
            tracked=tuple(grad and is_tracked(x) for x in tensors),
            leaves=tuple(x.is_leaf and not is_functorch_wrapped_tensor(x) for x in tensors),
            grad=grad,
            listen=listen,
        )
        plain = not any(call.tracked) and not any(map(is_functorch_wrapped_tensor, tensors))
        outputs = call.run(tensors) if plain else RemoteCall.apply(call, *tensors)
        answer = call.answer
        if plain:
            outputs = [x.requires_grad_() if flows else x for x, flows in zip(outputs, answer.flows, strict=True)]
        results = len(answer.flows) - len(answer.changed)
        for i, new in zip(answer.changed, outputs[results : len(answer.flows)], strict=True):
            _write(tensors[i], new)
        return fill(answer.value, outputs[:results]), answer.names


def _write(tensor, new):
    """Carry a change that was made in place."""
    try:
        with torch.set_grad_enabled(new.requires_grad and not (tensor.is_leaf and tensor.requires_grad)):
            tensor.copy_(new)
    except RuntimeError as error:
        raise error_of(
            "RuntimeError",
            "RuntimeError",
            str(error),
            f"Your code changes its input in place, which cannot be done here: {error}",
        ) from None


def _notify_listeners(name):
    """As if the PyTorch function of this name ran here, for checks that record which ones do."""

    def called(*args, **kwargs):
        return None

    called.__name__ = name
    handle_torch_function(called, ())


PLAIN = (bool, int, float, complex, str, numpy.ndarray, numpy.generic, Slot, RemoteFunction)


def _check(arguments):
    """Refuse what cannot be sent: an error of the check, not of the answer."""
    if isinstance(arguments, (list, tuple)):
        for entry in arguments:
            _check(entry)
    elif isinstance(arguments, dict):
        for entry in arguments.values():
            _check(entry)
    elif arguments is not None and arguments is not ... and not isinstance(arguments, PLAIN):
        raise TypeError(
            "a function in the sandbox can be given tensors, numbers, text, lists and dictionaries, not"
            f" {type(arguments).__name__}"
        )
