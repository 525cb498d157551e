r"""An output layer whose training step does not see the number of classes.

A loss of the spherical family looks at the outputs $o = W h$ through three numbers only: their sum, their sum of
squares, and the output of the true class. All three, their gradient and the exact update of $W$ cost $O(d^2)$ an
example, for any number of classes (Vincent, de Brébisson & Bouthillier 2015).
"""

import functools
import math

import torch
from torch.nn.functional import logsigmoid

from ...contract import Kind, above, describe, operation, real, values_readable, whole, wrong
from ...contract.operation import check_limits
from ...signatures import ClassIndex, Field, takes
from .fields import LayerInput

#: What the layer is made with.
MADE_WITH = {
    "features": whole(1),
    "classes": whole(2),
    "loss": Kind("a function of (total, squares, true) and the keyword classes", callable),
    "dtype": Kind(
        "torch.float32 or torch.float64",
        lambda value: isinstance(value, torch.dtype),
        allows=lambda value: value in (torch.float32, torch.float64),
    ),
}

# Singular values of U are brought back to 1 when they have left this range and weigh enough to cost digits.
_NEAR_ONE, _WORST = 2.0, 32.0


def _of_outputs(inputs):
    """Sums that some outputs have: three of them or more can make up what the true one leaves of the two sums."""
    total, true = inputs["total"], inputs["true"]
    return {**inputs, "squares": total.square() + 2 * true.square() + inputs["squares"].square()}


SUMS = takes({"total": Field("N"), "squares": Field("N"), "true": Field("N")}, related=_of_outputs)


@operation(SUMS, paper="zloss2016", domains={"classes": whole(1), "a": above(0), "b": real()}, example={"classes": 5})
def z_loss_from_sums(total, squares, true, *, classes, a=1.0, b=0.0):
    r"""The Z-loss from the sum of the outputs, the sum of their squares and the true output.

    $$ \ell = \tfrac1a \log\bigl(1 + e^{a(b - z)}\bigr), \quad z = \frac{o_y - \mu}{\sigma}, \quad
       \mu = \frac{q}{C}, \quad \sigma^2 = \frac{s}{C} - \mu^2 $$

    Use: As the loss of a `FactoredSphericalLayer`, when larger outputs should not lower it. Not where all outputs are
    at hand: `spherical_z_loss` keeps more digits.

    Args:
        total: $q = \sum_k o_k$, shape (N,).
        squares: $s = \sum_k o_k^2$, shape (N,).
        true: $o_y$, shape (N,).
        classes: $C \ge 1$, the number of outputs.
        a: sharpness, > 0.
        b: location, in standard deviations.

    Returns:
        One value per item, shape (N,). Outputs that are level up to rounding count as $z = 0$.

    Paper: de Brébisson & Vincent 2016, *The Z-loss*.

    Differs: $\sigma^2$ is a difference of two sums here, so it loses digits where $|\mu|$ is far above $\sigma$.
    """
    mean = total / classes
    variance = squares / classes - mean.square()
    level = variance <= 4 * torch.finfo(variance.dtype).eps * mean.square()
    z = torch.where(level, 0.0, (true - mean) / torch.where(level, 1.0, variance).sqrt())
    return -logsigmoid(a * (z - b)) / a


@operation(SUMS, paper="vincent2015efficient", domains={"classes": whole(1)}, example={"classes": 5})
def squared_error_from_sums(total, squares, true, *, classes):
    r"""The squared error of the outputs to the one-hot target, from the sum of their squares and the true output.

    $$ \ell = \sum_k (o_k - [k = y])^2 = s - 2 o_y + 1 $$

    Use: As the loss of a `FactoredSphericalLayer`, when the outputs should regress on their targets. Not when classes
    are very many and the outputs should tell them apart: the one true output then counts for little.

    Args:
        total: $q = \sum_k o_k$, shape (N,); not used, and here only so that all losses from sums are called alike.
        squares: $s = \sum_k o_k^2$, shape (N,).
        true: $o_y$, shape (N,).
        classes: $C \ge 1$, the number of outputs; not used either.

    Returns:
        One value per item, shape (N,).

    Paper: Vincent, de Brébisson & Bouthillier 2015.
    """
    return squares - 2 * true + 1


@operation(SUMS, paper="zloss2016", domains={"classes": whole(1), "eps": above(0)}, example={"classes": 5})
def spherical_softmax_from_sums(total, squares, true, *, classes, eps=1e-4):
    r"""The spherical softmax loss from the sum of the squares of the outputs and the true output.

    $$ \ell = \log(s + C\varepsilon) - \log(o_y^2 + \varepsilon) $$

    Use: As the loss of a `FactoredSphericalLayer`, when class probabilities are wanted. Not when the sign of an output
    should count, which its square hides; then `taylor_softmax_from_sums`.

    Args:
        total: $q = \sum_k o_k$, shape (N,); not used, and here only so that all losses from sums are called alike.
        squares: $s = \sum_k o_k^2$, shape (N,).
        true: $o_y$, shape (N,).
        classes: $C \ge 1$, the number of outputs.
        eps: $\varepsilon > 0$, in squared units of the outputs.

    Returns:
        One value per item, shape (N,); see `spherical_softmax_loss`.

    Paper: de Brébisson & Vincent 2016, *The Z-loss*; Vincent, de Brébisson & Bouthillier 2015.
    """
    return (squares + classes * eps).log() - (true.square() + eps).log()


@operation(SUMS, paper="zloss2016", domains={"classes": whole(1)}, example={"classes": 5})
def taylor_softmax_from_sums(total, squares, true, *, classes):
    r"""The Taylor softmax loss from the sum of the outputs, the sum of their squares and the true output.

    $$ \ell = \log(C + q + s/2) - \log(1 + o_y + o_y^2/2) $$

    Use: As the loss of a `FactoredSphericalLayer`, when a softmax is wanted that is near the usual one for outputs near
    0. Not when outputs become very negative: below -1 a class gains probability again.

    Args:
        total: $q = \sum_k o_k$, shape (N,).
        squares: $s = \sum_k o_k^2$, shape (N,).
        true: $o_y$, shape (N,).
        classes: $C \ge 1$, the number of outputs.

    Returns:
        One value per item, shape (N,); see `taylor_softmax_loss`.

    Paper: de Brébisson & Vincent 2016, *The Z-loss*; Vincent, de Brébisson & Bouthillier 2015.
    """
    return (classes + total + squares / 2).log() - (1 + true + true.square() / 2).log()


@functools.cache
def _taken_in(dtype, names):
    """These inputs of a layer that computes in this dtype; its weight gives the numbers of classes and of features."""
    fields = {"V": Field("C D"), "hidden": LayerInput("N D", dtype=dtype), "target": ClassIndex("N")}
    return takes({name: fields[name] for name in ("V", *names)}).inputs


class FactoredSphericalLayer(torch.nn.Module):
    r"""A linear output layer and its spherical loss, trained by exact gradient descent in $O(d^2)$ an example.

    The weight $W$ (C, d) is never stored. It is kept as three factors, with two sums of it beside them:

    $$ W = V U + \mathbf 1 w^\top, \qquad Q = W^\top W, \qquad \bar w = W^\top \mathbf 1 $$

    so that $q = \bar w^\top h$, $s = h^\top Q h$ and $o_y = (V_y U + w^\top) h$. The loss has the gradient
    $\alpha o + \beta \mathbf 1 + \gamma e_y$ in the outputs. A step of gradient descent then multiplies $U$ by a
    matrix that differs from the identity by the batch, moves $w$, and changes the rows of $V$ of the batch's
    true classes. `step` makes this step; there is nothing for an optimiser to do, so the layer has no parameters.
    It is plain gradient descent: momentum or Adam need a number per weight, which is what is avoided here.

    The factors drift: $U$ shrinks in directions that training shrinks, and rounding adds up in $Q$ and $\bar w$.
    When singular values of $U$ have left $[1/2, 2]$ and cost digits, they are moved into $V$ (`rebalance`); after
    every C examples the sums are taken anew from the factors (`refresh`). Neither changes $W$.

    Args:
        features: $d$, the length of a hidden vector, >= 1.
        classes: $C$, the number of outputs, >= 2.
        loss: a function `loss(total, squares, true, classes=C, **hyper)` of three tensors of shape (N,), such as
            `z_loss_from_sums`, that returns one differentiable value per item.
        device, dtype: of the weight; float32 or float64.
        **hyper: hyper-parameters of the loss.

    Paper: vincent2015efficient; zloss2016 for the Z-loss.

    Differs: the paper has no $\mathbf 1 w^\top$, which the terms of the loss in $q$ need; batches are one update,
    by Woodbury's identity.

    >>> import lossatlas
    >>> layer = FactoredSphericalLayer(8, 1000, lossatlas.losses.cross_entropy.z_loss_from_sums, a=2.0)
    >>> layer
    FactoredSphericalLayer(8, 1000, z_loss_from_sums, a=2.0)
    >>> below = torch.nn.Linear(5, 8)
    >>> loss, _ = layer.step(below(torch.randn(3, 5)), torch.tensor([1, 7, 999]), lr=0.1)
    >>> loss.backward()  # the gradients of `below`; the layer itself has made its step
    """

    def __init__(self, features, classes, loss, *, device=None, dtype=None, **hyper):
        super().__init__()
        dtype = dtype or torch.get_default_dtype()
        check_limits(MADE_WITH, {"features": features, "classes": classes, "loss": loss, "dtype": dtype})
        self.features, self.classes, self.loss_from_sums, self.hyper = features, classes, loss, hyper
        like = {"device": device, "dtype": dtype}
        self.register_buffer("V", torch.empty(classes, features, **like))
        for name in ("U", "U_inverse", "Q"):
            self.register_buffer(name, torch.empty(features, features, **like))
        for name in ("w", "w_bar"):
            self.register_buffer(name, torch.empty(features, **like))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))
        self._values(*torch.ones(3, 2, **like))
        self.reset()

    def reset(self):
        """Start from random weights, uniform within ±1/√d as in `torch.nn.Linear`."""
        reach = 1 / math.sqrt(self.features)
        self.set_weight(torch.empty_like(self.V).uniform_(-reach, reach))

    @torch.no_grad()
    def set_weight(self, weight):
        """Start from a weight of shape (C, d)."""
        takes({"weight": Field(f"{self.classes} {self.features}")}).inputs.check_shapes({"weight": weight})
        self.V.copy_(weight)
        self.w.zero_()
        for eye in (self.U, self.U_inverse):
            eye.zero_().fill_diagonal_(1)
        self.refresh()

    @torch.no_grad()
    def weight(self):
        """The weight W, shape (C, d), multiplied out: O(C d²)."""
        return torch.addmm(self.w, self.V, self.U)

    def forward(self, hidden):
        """All outputs, (N, d) -> (N, C), for evaluation: O(C d) an example."""
        self._check(hidden=hidden)
        return hidden @ self.U.T @ self.V.T + (hidden @ self.w).unsqueeze(-1)

    @torch.no_grad()
    def top_k(self, hidden, k=1, *, block=16384):
        """The k highest outputs and their classes, both (N, k), from `block` classes at a time."""
        self._check(hidden=hidden)
        check_limits({"k": whole(1, self.classes), "block": whole(1)}, {"k": k, "block": block})
        turned, offset = hidden @ self.U.T, (hidden @ self.w).unsqueeze(-1)
        best = hidden.new_empty(len(hidden), 0)
        names = torch.empty(len(hidden), 0, dtype=torch.long, device=hidden.device)
        for start in range(0, self.classes, block):
            outputs = turned @ self.V[start : start + block].T + offset
            here = torch.arange(start, start + outputs.shape[1], device=hidden.device).expand_as(outputs)
            best, names = torch.cat([best, outputs], 1), torch.cat([names, here], 1)
            best, order = best.topk(min(k, best.shape[1]))
            names = names.gather(1, order)
        return best, names

    def loss(self, hidden, target):
        """The mean loss, differentiable in `hidden`, in O(d²) an example; nothing is updated.

        Args:
            hidden: shape (N, d), of the layer's dtype.
            target: class indices, shape (N,).
        """
        self._check(hidden=hidden, target=target)
        true_rows = torch.addmm(self.w, self.V[target.long()], self.U)
        values = self._values(*self._sums(hidden, hidden @ self.Q, true_rows))
        return values.sum() / max(len(hidden), 1)

    def step(self, hidden, target, lr):
        r"""One step of gradient descent of the mean loss in W, exact, in O(d²) an example.

        A batch of N costs $O(N d^2 + N^2 d + N^3)$: keep N at the size of d or below.

        Args:
            hidden: shape (N, d), of the layer's dtype.
            target: class indices, shape (N,); a class may come more than once.
            lr: the step size, > 0.

        Returns:
            The mean loss before the step, and its gradient in `hidden`, shape (N, d). Where `hidden` needs a
            gradient, the loss carries it: `loss.backward()` trains the network below, once.

        Raises:
            ValueError: the loss is not finite; the weight is left as it was.
        """
        self._check(hidden=hidden, target=target)
        lr = float(above(0).check("lr", lr))
        with torch.no_grad():
            H, y = hidden.detach(), target.long()
            HQ = H @ self.Q
            W_y = torch.addmm(self.w, self.V[y], self.U)
            total, squares, true = self._sums(H, HQ, W_y)
            value, alpha, beta, gamma = self._gradients(total, squares, true)
            if values_readable(value) and not math.isfinite(value):
                raise wrong("hidden", "outputs at which the loss is finite", f"a loss of {value:g}")
            # G (C, N) is the gradient in the outputs; this is GᵀW.
            gradient = alpha * HQ + beta * self.w_bar + gamma * W_y
            ones_G = alpha * total.unsqueeze(-1) + self.classes * beta + gamma
            G_y = alpha * (H @ W_y.T) + beta + gamma * (y.unsqueeze(-1) == y)
            G_G = (gradient @ H.T) * alpha.T + ones_G * beta.T + G_y * gamma.T
            self._descend_sums(H, gradient, ones_G, G_G, lr)
            self._descend_factors(H, y, alpha, beta, gamma, lr)
            self._count(len(H))
        if hidden.requires_grad and torch.is_grad_enabled():
            value = value + (gradient * (hidden - H)).sum()
        return value, gradient

    def _sums(self, H, HQ, W_y):
        return H @ self.w_bar, (H * HQ).sum(-1), (H * W_y).sum(-1)

    def _values(self, total, squares, true):
        values = self.loss_from_sums(total, squares, true, classes=self.classes, **self.hyper)
        if not (isinstance(values, torch.Tensor) and values.shape == true.shape):
            raise wrong("loss", f"a function that returns a tensor of shape {tuple(true.shape)}", describe(values))
        return values

    def _gradients(self, *sums):
        """The mean loss, and per example (N, 1) the α, β, γ of its gradient αo + β1 + γe in the outputs."""
        with torch.enable_grad():
            sums = [x.requires_grad_() for x in sums]
            value = self._values(*sums).sum() / max(len(sums[0]), 1)
            gradients = torch.autograd.grad(value, sums, materialize_grads=True)
        by_total, by_squares, by_true = (gradient.unsqueeze(-1) for gradient in gradients)
        return value.detach(), 2 * by_squares, by_total, by_true

    def _descend_sums(self, H, gradient, ones_G, G_G, lr):
        """Q and w̄ of W − η G H: η² HᵀGᵀG H − η (WᵀG H + its transpose) is a matrix plus its transpose."""
        half = H.T @ torch.addmm(gradient, G_G, H, beta=-lr, alpha=lr * lr / 2)
        self.Q.add_(half).add_(half.T)
        self.w_bar.addmv_(H.T, ones_G.squeeze(-1), alpha=-lr)

    def _descend_factors(self, H, y, alpha, beta, gamma, lr):
        """W (I − η HᵀAH) goes into U and w, the part common to all classes into w, the true classes into V."""
        AH = alpha * H
        common = (AH @ self.w).add_(beta.squeeze(-1))
        self.w.addmv_(H.T, common, alpha=-lr)
        self.U.addmm_(self.U @ H.T, AH, alpha=-lr)
        # Woodbury: H U⁻¹ of the new U, and from it the new U⁻¹, by a system of the size of the batch.
        system = torch.eye(len(H), dtype=H.dtype, device=H.device).sub_((H @ H.T) * alpha.T, alpha=lr)
        rows, _ = torch.linalg.solve_ex(system, H @ self.U_inverse)
        self.U_inverse.addmm_(AH.T, rows, alpha=lr)
        if not self._well_conditioned():
            self.rebalance()
            rows = H @ self.U_inverse
        self.V.index_add_(0, y, gamma * rows, alpha=-lr)

    def _well_conditioned(self):
        """Whether U and U⁻¹ are both small, so that their product costs few digits: κ(U) <= 4d + 32²."""
        limit = self.features * _NEAR_ONE**2 + _WORST**2
        sizes = torch.stack([torch.linalg.vector_norm(self.U), torch.linalg.vector_norm(self.U_inverse)])
        return bool((sizes.square() <= limit).all())  # False for NaN: a step may have made U singular

    @torch.no_grad()
    def rebalance(self):
        """Bring the singular values of U that have left [1/2, 2] back to 1 and let V absorb them; W stays.

        It costs O(d³), and O(C d) for each singular value moved.
        """
        left, sizes, right = torch.linalg.svd(self.U)
        away = (sizes < 1 / _NEAR_ONE) | (sizes > _NEAR_ONE)
        moved = left[:, away]
        self.V.addmm_(self.V @ moved, ((sizes[away] - 1) * moved).T)
        sizes = torch.where(away, 1.0, sizes)
        self.U.copy_((left * sizes) @ right)
        self.U_inverse.copy_(right.T @ (left / sizes).T)

    @torch.no_grad()
    def refresh(self):
        """Take Q, w̄ and U⁻¹ anew from the factors, free of what rounding added up: O(C d²)."""
        ones_VU = self.V.sum(0) @ self.U
        self.w_bar.copy_(ones_VU + self.classes * self.w)
        cross = torch.outer(ones_VU, self.w)
        self.Q.copy_(self.U.T @ (self.V.T @ self.V) @ self.U)
        self.Q.add_(cross).add_(cross.T).addr_(self.w, self.w, alpha=self.classes)
        self.U_inverse.copy_(torch.linalg.inv(self.U))
        self.seen.zero_()

    def _count(self, examples):
        """Refresh after every C examples (or 8d, if that is more): O(d²) for each of them."""
        self.seen += examples
        if self.seen >= max(self.classes, 8 * self.features):
            self.refresh()

    def _check(self, **given):
        taken, given = _taken_in(self.V.dtype, tuple(given)), {"V": self.V, **given}
        taken.check_values(given, taken.check_shapes(given))

    def extra_repr(self):
        name = getattr(self.loss_from_sums, "__name__", repr(self.loss_from_sums))
        hyper = [f"{key}={value!r}" for key, value in self.hyper.items()]
        return ", ".join([str(self.features), str(self.classes), name, *hyper])
