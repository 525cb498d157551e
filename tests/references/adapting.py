"""How the file of an official implementation is computed here: small makers of the adapters of a family."""


def of(loss, reduction="none", hyper=None, inputs=dict, **renamed):
    """The loss at the recorded parameters and inputs.

    `hyper` makes its hyper-parameters of the recorded ones, or `renamed` gives these new names; `inputs` makes its
    inputs of the recorded ones.
    """

    def settings(params):
        return hyper(params) if hyper else {new: params[old] for new, old in renamed.items()}

    def adapter(params, **given):
        return loss(**inputs(**given), **settings(params), reduction=reduction)

    adapter.loss, adapter.settings, adapter.inputs = loss.__name__, settings, inputs
    return adapter


def partly(loss):
    """Of a function that takes more than one call to give the contents of the file: the loss that the file is about."""

    def decorate(adapter):
        adapter.loss = loss.__name__
        return adapter

    return decorate
