"""A temperature for every training example, moved on at each visit."""

import torch

from ...contract import above, at_least, between, describe, expect, inside, values_readable
from ...contract.checks import INDICES, is_dense
from ...contract.pairwise import cosine, cosines, log_sum_exp, sum_over
from ...contract.precision import in_one_precision, without_autocast
from ...signatures import views
from .temperatures import check_floats


@in_one_precision
def isogclr_update(
    scores, where, log_u, temperature, slope, *, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7
):
    r"""One step of iSogCLR: running normalisers, weights of the negatives, and temperatures moved down their gradient.

    $$ u \leftarrow (1 - \gamma)\, u + \gamma \operatorname*{mean}_z e^{s_z/\tau}, \qquad p_z = \frac{e^{s_z/\tau}}{K u}, \qquad
       g \leftarrow (1 - \beta)\, g + \beta \Big( \log u + \rho - \sum_z p_z \frac{s_z}{\tau} \Big), \qquad
       \tau \leftarrow \operatorname{clip}(\tau - \eta\, g) $$

    Args:
        scores: similarities $s_z$ of anchors to their negatives, or their gaps from the positive, shape (V, N, K). The V
            anchors of an example, its views, share one state: each is weighed by its own u, then the means are kept.
        where: which of them are negatives, booleans of the same shape.
        log_u: $\log u$, shape (N,); $-\infty$ for an example that is seen for the first time, where $\gamma$ counts as 1.
        temperature: $\tau > 0$, shape (N,).
        slope: the running gradient $g$, shape (N,).
        rho: price of a temperature, $\rho \ge 0$.
        gamma, momentum: shares $\gamma, \beta \in (0, 1]$ of what is new.
        step: $\eta \ge 0$.
        low, high: ends of what a temperature may be.

    Returns:
        (weight, log_u, temperature, slope): the weights $p_z$, shape (V, N, K), and the new state, all without history.
        The state stays as it is where a view has no negatives, or has scores that are not finite.

    Paper: "Automatic Temperature Individualization" (arXiv 2305.11965). Defaults are libauc's for one modality; for two,
    with gaps and a state for each side, they are rho = 6, low = 0.005, high = 0.05.
    """
    check_floats("scores", scores)
    fits = scores.ndim == 3 and is_dense(where, {torch.bool}) and where.shape == scores.shape
    expect(fits, "where", "a boolean tensor of the shape (V, N, K) of `scores`", describe(where))
    for name, value in {"log_u": log_u, "temperature": temperature, "slope": slope}.items():
        check_floats(name, value)
        expect(
            value.shape == scores.shape[1:2],
            name,
            f"one number per example, shape {tuple(scores.shape[1:2])}",
            describe(value),
        )
    check_settings(rho=rho, gamma=gamma, step=step, momentum=momentum, low=low, high=high)
    above(0).check("temperature", temperature)
    with torch.no_grad():
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
        told = where.any(-1).all(0) & found.isfinite()
        state = ((mean, log_u), (moved, temperature), (after, slope))
        return weight, *(torch.where(told, now, before) for now, before in state)


def check_settings(*, rho, gamma, step, momentum, low, high):
    """Errors for settings outside of what `isogclr_update` takes."""
    at_least(0).check("rho", rho)
    inside(0, 1, open_high=False).check("gamma", gamma)
    at_least(0).check("step", step)
    inside(0, 1, open_high=False).check("momentum", momentum)
    above(0).check("low", low)
    expect(low <= above(0).check("high", high), "high", f"a number >= low = {low:g}", f"{high:g}")


class GlobalContrastiveTemperatures(torch.nn.Module):
    r"""Global contrastive learning with a remembered normaliser and temperature for every training example.

    Args:
        examples: number of training examples.
        temperature: where all temperatures start, > 0.
        rho, gamma, step, momentum, low, high: as in `isogclr_update`. With `step=0` the temperatures stay (SogCLR).

    The buffers `log_u`, `temperature` and `slope`, shape (examples,) each, are moved on at every call in training mode and
    saved with `state_dict`. In evaluation mode they are read and left alone.

    Paper: "Automatic Temperature Individualization" (arXiv 2305.11965).

    Differs: libauc's GCLoss gives twice the value. It takes all examples of a batch for seen as soon as one is.
    """

    def __init__(self, examples, *, temperature=0.1, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7):
        super().__init__()
        whole = isinstance(examples, int) and not isinstance(examples, bool) and examples >= 1
        expect(whole, "examples", "a whole number >= 1", describe(examples))
        self.settings = {"rho": rho, "gamma": gamma, "step": step, "momentum": momentum, "low": low, "high": high}
        check_settings(**self.settings)
        between(low, high).check("temperature", temperature)
        self.register_buffer("log_u", torch.full((examples,), -torch.inf))
        self.register_buffer("temperature", torch.full((examples,), float(temperature)))
        self.register_buffer("slope", torch.zeros(examples))

    @without_autocast
    def forward(self, view_a, view_b, index):
        r"""A number whose gradient is the algorithm's: $\operatorname{mean}_i \big[ -s_i + \sum_z p_z s_{iz} \big]$, $p_z$ held fixed.

        Its value is not the objective; that is `robust_global_contrastive_loss`.

        Args:
            view_a, view_b: two views of each item of the batch, shape (N, D) each; their length does not matter. An item
                alone has no negatives: its state stays. No items give 0.
            index: which training example each item is, integers of shape (N,) in [0, examples), each at most once.
        """
        views.inputs.check_shapes({"view_a": view_a, "view_b": view_b})
        self._check_index(index, len(view_a))
        dtype = torch.promote_types(torch.promote_types(view_a.dtype, self.log_u.dtype), torch.float32)
        a, b = view_a.to(dtype), view_b.to(dtype)
        scores = torch.stack(
            [torch.cat([cosines(a, b), cosines(a, a)], -1), torch.cat([cosines(b, a), cosines(b, b)], -1)]
        )
        where = ~torch.eye(len(a), dtype=torch.bool, device=a.device).repeat(1, 2).expand_as(scores)
        state = [buffer[index].to(dtype) for buffer in (self.log_u, self.temperature, self.slope)]
        weight, *moved = isogclr_update(scores.detach(), where, *state, **self.settings)
        if self.training:
            for buffer, value in zip((self.log_u, self.temperature, self.slope), moved, strict=True):
                buffer[index] = value.to(buffer.dtype)
        each = sum_over(weight * scores, where).mean(0) - cosine(a, b)
        return (each.sum() / max(len(each), 1)).to(view_a.dtype)

    def _check_index(self, index, count):
        examples = len(self.log_u)
        wanted = f"an integer tensor of {count} different example numbers in [0, {examples})"
        expect(is_dense(index, INDICES), "index", wanted, describe(index), TypeError)
        expect(index.shape == (count,), "index", wanted, describe(index))
        if values_readable(index):
            low, high = index.min().item(), index.max().item()
            expect(low >= 0 and high < examples, "index", wanted, f"numbers from {low} to {high}")
            expect(len(index.unique()) == count, "index", wanted, "one of them twice")

    def extra_repr(self):
        return ", ".join([str(len(self.log_u)), *(f"{name}={value}" for name, value in self.settings.items())])
