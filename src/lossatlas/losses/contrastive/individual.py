"""A temperature for every training example, moved on at each visit."""

import torch

from ...contract import above, at_least, between, inside, operation, whole, wrong
from ...contract.operation import check_limits
from ...contract.pairwise import cosine, cosines, log_sum_exp, sum_over
from ...signatures import Field, Mask, takes
from .fields import Examples, Temperature, check_all

SETTINGS = {
    "rho": at_least(0, show=(0.0, 6.0)),
    "gamma": inside(0, 1, open_high=False, show=(0.1, 1.0)),
    "step": at_least(0, show=(0.0, 0.1)),
    "momentum": inside(0, 1, open_high=False, show=(0.1, 1.0)),
    "low": above(0, show=(0.005, 0.1)),
    "high": above(0, show=(0.2, 2.0)),
}
#: what is remembered of each example
STATE = {"log_u": Field("N"), "temperature": Temperature("N"), "slope": Field("N")}


def _at_first_sight(inputs):
    """Some examples have been seen before, and one has not."""
    log_u = inputs["log_u"].clone()
    log_u[0] = -torch.inf
    return {**inputs, "log_u": log_u}


def _without_negatives(inputs):
    """One example has none in one view, one has none in any."""
    where = inputs["where"].clone()
    where[0, 0], where[:, 1] = False, False
    return {**inputs, "where": where}


def _check_ends(low, high):
    if not low <= high:
        raise wrong("high", f"a number >= low = {low:g}", f"{high:g}")


@operation(
    takes(
        {"scores": Field("V N K"), "where": Mask("V N K"), **STATE},
        sizes={"V": 2, "N": 4, "K": 5},
        least={"V": 1},
        edges={
            "at first sight": _at_first_sight,
            "without negatives": _without_negatives,
            "one view": lambda s: {**s, "scores": s["scores"][:1], "where": s["where"][:1]},
        },
    ),
    paper="automatictemperature2023",
    domains=SETTINGS,
    differentiable=False,
)
def isogclr_update(
    scores, where, log_u, temperature, slope, *, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7
):
    r"""One step of iSogCLR: running normalisers, weights of the negatives, and temperatures moved down their gradient.

    $$ u \leftarrow (1 - \gamma)\, u + \gamma \operatorname*{mean}_z e^{s_z/\tau}, \qquad
       p_z = \frac{e^{s_z/\tau}}{K u}, \qquad
       g \leftarrow (1 - \beta)\, g + \beta \Big( \log u + \rho - \sum_z p_z \frac{s_z}{\tau} \Big), \qquad
       \tau \leftarrow \operatorname{clip}(\tau - \eta\, g) $$

    Use: For a training loop of your own, where scores, gaps or a state for each side are at hand. Not for two views of
    each item; then `isogclr_step`, or `GlobalContrastiveTemperatures`, which also remembers.

    Args:
        scores: similarities $s_z$ of anchors to their negatives, or their gaps from the positive, shape (V, N, K). The
            V anchors of an example, its views, share one state: each is weighed by its own u, then the means are kept.
        where: which of them are negatives, booleans of the same shape.
        log_u: $\log u$, shape (N,); $-\infty$ for an example seen for the first time: $\gamma$ then counts as 1.
        temperature: $\tau > 0$, finite, shape (N,).
        slope: the running gradient $g$, shape (N,).
        rho: price of a temperature, $\rho \ge 0$.
        gamma, momentum: shares $\gamma, \beta \in (0, 1]$ of what is new.
        step: $\eta \ge 0$.
        low, high: ends of what a temperature may be, $0 <$ low $\le$ high.

    Returns:
        (weight, log_u, temperature, slope): the weights $p_z$, shape (V, N, K), and the new state, all without history.
        The state stays as it is where a view has no negatives, or has scores that are not finite.

    Paper: "Automatic Temperature Individualization" (arXiv 2305.11965). Defaults are libauc's for one modality; for
    two, with gaps and a state for each side, they are rho = 6, low = 0.005, high = 0.05.
    """
    _check_ends(low, high)
    exponent = scores / temperature.unsqueeze(-1)
    count = where.sum(-1).clamp(min=1).to(scores.dtype)
    estimate = log_sum_exp(exponent, where) - count.log()
    first = log_u.isneginf()
    new = torch.where(first, 1.0, torch.full_like(log_u, gamma)).log()
    old = torch.log1p(-torch.full_like(log_u, gamma)) + log_u
    each = torch.logaddexp(torch.where(first, -torch.inf, old), new + estimate)
    weight = torch.where(where, exponent - (each + count.log()).unsqueeze(-1), -torch.inf).exp()
    found = (each + rho - sum_over(weight * exponent, where)).mean(0)
    after = (1 - momentum) * slope + momentum * found
    moved = (temperature - step * after).clamp(low, high)
    mean = each.logsumexp(0) - torch.full_like(log_u, len(scores)).log()
    # An infinity or NaN that is remembered once would stay for good.
    known = where.any(-1).all(0) & found.isfinite()
    state = ((mean, log_u), (moved, temperature), (after, slope))
    return weight, *(torch.where(known, now, before) for now, before in state)


@operation(
    takes(
        {"view_a": Field("N D"), "view_b": Field("N D"), **STATE},
        sizes={"N": 4},
        least={"D": 1},
        edges={
            "at first sight": _at_first_sight,
            "views equal": lambda s: {**s, "view_b": s["view_a"].clone()},
            "a zero vector": lambda s: {**s, "view_a": s["view_a"].index_fill(0, torch.tensor(0), 0.0)},
        },
    ),
    paper="automatictemperature2023",
    domains=SETTINGS,
    exempt={"gradient": "The weights are held fixed in the gradient, as the algorithm defines it."},
)
def isogclr_step(
    view_a, view_b, log_u, temperature, slope, *, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7
):
    r"""A number whose gradient is that of iSogCLR for two views of each item, and the state after the step.

    $$ \operatorname*{mean}_n \tfrac12 \sum_{i \in \{a_n, b_n\}} \Big[ -s_i + \sum_{z \in N_i} p_{iz}\, s_{iz} \Big],
       \qquad p \text{ of } \texttt{isogclr\_update} \text{, held fixed} $$

    $N_i$ are both views of all other items. The value is not the objective; that is `robust_global_contrastive_loss`.

    Use: For global contrastive learning with a state that is kept elsewhere, as across processes. Not where a module
    may keep it; then `GlobalContrastiveTemperatures`. The value says nothing about progress: watch the objective.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter. An item alone has no
            negatives: its state stays.
        log_u, temperature, slope: the state of each item's example, shape (N,), as in `isogclr_update`.
        rho, gamma, step, momentum, low, high: as in `isogclr_update`.

    Returns:
        (value, log_u, temperature, slope): a 0-d tensor, 0 for no items, and the new state, which has no history.

    Paper: "Automatic Temperature Individualization" (arXiv 2305.11965).

    Differs: libauc's GCLoss gives twice the value. It takes all examples of a batch for seen as soon as one is.
    """
    scores = torch.stack(
        [
            torch.cat([cosines(view_a, view_b), cosines(view_a, view_a)], -1),
            torch.cat([cosines(view_b, view_a), cosines(view_b, view_b)], -1),
        ]
    )
    where = ~torch.eye(len(view_a), dtype=torch.bool, device=view_a.device).repeat(1, 2).expand_as(scores)
    settings = {"rho": rho, "gamma": gamma, "step": step, "momentum": momentum, "low": low, "high": high}
    weight, *state = isogclr_update(scores.detach(), where, log_u, temperature, slope, **settings)
    each = sum_over(weight * scores, where).mean(0) - cosine(view_a, view_b)
    return each.sum() / max(len(each), 1), *state


class GlobalContrastiveTemperatures(torch.nn.Module):
    r"""Global contrastive learning with a remembered normaliser and temperature for every training example.

    Args:
        examples: number of training examples, >= 1.
        temperature: where all temperatures start, between `low` and `high`.
        rho, gamma, step, momentum, low, high: as in `isogclr_update`. With `step=0` the temperatures stay (SogCLR).

    The buffers `log_u`, `temperature` and `slope`, shape (examples,) each, are moved on at every call in training mode
    and saved with `state_dict`. In evaluation mode they are read and left alone.

    Paper: "Automatic Temperature Individualization" (arXiv 2305.11965).

    Differs: libauc's GCLoss gives twice the value. It takes all examples of a batch for seen as soon as one is.
    """

    def __init__(self, examples, *, temperature=0.1, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7):
        super().__init__()
        self.settings = {"rho": rho, "gamma": gamma, "step": step, "momentum": momentum, "low": low, "high": high}
        check_limits(SETTINGS, self.settings)
        _check_ends(low, high)
        check_limits(
            {"examples": whole(1), "temperature": between(low, high)},
            {"examples": examples, "temperature": temperature},
        )
        self.register_buffer("log_u", torch.full((examples,), -torch.inf))
        self.register_buffer("temperature", torch.full((examples,), float(temperature)))
        self.register_buffer("slope", torch.zeros(examples))

    def forward(self, view_a, view_b, index):
        """The value of `isogclr_step`, whose gradient is the algorithm's.

        Args:
            view_a, view_b: two views of each item of the batch, shape (N, D) each; their length does not matter. An
                item alone has no negatives: its state stays. No items give 0.
            index: which training example each item is, integers of shape (N,) in [0, examples), each at most once.
        """
        fields = {"view_a": Field("N D"), "view_b": Field("N D"), "index": Examples("N")}
        check_all(fields, {"view_a": view_a, "view_b": view_b, "index": index}, E=len(self.log_u))
        buffers = self.log_u, self.temperature, self.slope
        value, *moved = isogclr_step(view_a, view_b, *(buffer[index] for buffer in buffers), **self.settings)
        if self.training:
            for buffer, now in zip(buffers, moved, strict=True):
                buffer[index] = now.to(buffer.dtype)
        return value.to(view_a.dtype)

    def extra_repr(self):
        return ", ".join([str(len(self.log_u)), *(f"{name}={value}" for name, value in self.settings.items())])
