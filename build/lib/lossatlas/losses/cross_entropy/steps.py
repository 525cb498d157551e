"""Training steps that come from looking at a loss closely: surrogates in output space, and huge step sizes."""

import torch
from torch.nn.functional import logsigmoid

from ...contract import above, describe, expect
from ...signatures import Field, Inputs, Sign

_outputs = Inputs({"outputs": Field("*"), "anchor": Field("*"), "gradient": Field("*")})
_points = Inputs({"weight": Field("D"), "features": Field("N D"), "label": Sign("N")}, {"N": 1})


def target_surrogate_loss(outputs, anchor, gradient, *, eta=1.0, anchor_loss=0.0):
    r"""A quadratic stand-in for a loss of the model's outputs, which can be descended without evaluating the loss.

    $$ g(f) = \ell(z) + \langle G, f - z \rangle + \frac{1}{2\eta} \|f - z\|^2, \qquad G = \nabla \ell(z) $$

    Where the loss is L-smooth in the outputs and eta <= 1/L, g lies nowhere below it.

    Args:
        outputs: $f$, the model's outputs, any shape.
        anchor: $z$, the outputs where the loss was evaluated, same shape; held fixed.
        gradient: $G$, the gradient of the loss with respect to the outputs at z, same shape; held fixed.
        eta: step size $\eta > 0$ in output space.
        anchor_loss: $\ell(z)$, a number or 0-d tensor; only moves the value.

    Returns:
        A 0-d tensor: sums over all entries, as the loss is a sum over items.

    Paper: Lavington et al. 2023, *Target-based Surrogates for Stochastic Optimization*.

    Differs: the code of the authors minimises the mean of G f / c + (f - z)^2, which is this up to a factor and a
    constant, with eta = 1 / (2 c).
    """
    _outputs.check_shapes({"outputs": outputs, "anchor": anchor, "gradient": gradient})
    above(0).check("eta", eta)
    moved = outputs - anchor.detach()
    return anchor_loss + (gradient.detach() * moved).sum() + moved.square().sum() / (2 * eta)


def sso_step(parameters, forward, objective, *, eta=1.0, inner_steps=1, learning_rate=1.0):
    r"""One surrogate step: the loss's gradient is computed once, then the surrogate is descended several times.

    $$ z = f(\theta), \quad G = \nabla \ell(z); \qquad
       \theta \leftarrow \theta - \alpha \nabla_\theta g(f(\theta)), \ \text{repeated } m \text{ times} $$

    One inner step is gradient descent on $\ell(f(\theta))$ with step size $\alpha$.

    Args:
        parameters: name -> tensor.
        forward: function from such a dictionary to the outputs.
        objective: function from outputs to the loss, a 0-d tensor that is a sum over items.
        eta: $\eta > 0$, see `target_surrogate_loss`.
        inner_steps: $m \ge 1$.
        learning_rate: $\alpha > 0$.

    Returns:
        The parameters after the step, a new dictionary of detached tensors.

    Paper: Lavington et al. 2023, *Target-based Surrogates for Stochastic Optimization*. Stochastic: let `forward` and
    `objective` see a mini-batch and eta fall from step to step.
    """
    fits = isinstance(parameters, dict) and all(isinstance(p, torch.Tensor) for p in parameters.values())
    expect(fits, "parameters", "a dictionary of tensors", describe(parameters), TypeError)
    expect(
        isinstance(inner_steps, int) and inner_steps >= 1, "inner_steps", "a whole number >= 1", describe(inner_steps)
    )
    above(0).check("learning_rate", learning_rate)
    parameters = {name: p.detach() for name, p in parameters.items()}
    anchor = forward(parameters).detach()
    gradient = torch.func.grad(objective)(anchor)
    downhill = torch.func.grad(lambda p: target_surrogate_loss(forward(p), anchor, gradient, eta=eta))
    for _ in range(inner_steps):
        slopes = downhill(parameters)
        parameters = {name: (p - learning_rate * slopes[name]).detach() for name, p in parameters.items()}
    return parameters


def batch_perceptron_step(weight, features, label, *, step_size=1.0):
    r"""One step of the batch perceptron: the mean pull of the points on the wrong side.

    $$ u \leftarrow u + \frac{\gamma}{n} \sum_i h(-m_i)\, y_i a_i, \qquad m_i = y_i\, a_i \cdot u, \quad
       h(s) = [s > 0] + \tfrac12 [s = 0] $$

    Gradient descent on the logistic loss with step size g, written for $u = w / g$, becomes this for large g.

    Args:
        weight: $u$, shape (D,).
        features: $a$, shape (N, D), N >= 1.
        label: $y$, -1 or +1, shape (N,).
        step_size: $\gamma > 0$.

    Returns:
        The weight after the step, shape (D,). It does not move once every margin is positive.

    Paper: Tyurin 2024, *From Logistic Regression to the Perceptron Algorithm*; Rosenblatt 1958.
    """
    margins, pulls = _margins_and_pulls(weight, features, label, step_size)
    wrong = torch.heaviside(-margins, margins.new_tensor(0.5))
    return weight + step_size * (wrong.unsqueeze(-1) * pulls).mean(0)


def normalized_logistic_gd_step(weight, features, label, *, step_size=1.0):
    r"""One step of gradient descent on the logistic loss, with the points' weights normalised to sum to one.

    $$ w \leftarrow w + \gamma\, \frac{\sum_i \sigma(-m_i)\, y_i a_i}{\sum_i \sigma(-m_i)}, \qquad
       m_i = y_i\, a_i \cdot w $$

    The step stays long where the loss is nearly 0 and its gradient with it.

    Args:
        weight: $w$, shape (D,).
        features: $a$, shape (N, D), N >= 1.
        label: $y$, -1 or +1, shape (N,).
        step_size: $\gamma > 0$.

    Returns:
        The weight after the step, shape (D,).

    Paper: Tyurin 2024, *From Logistic Regression to the Perceptron Algorithm*, method Normalized LR+GD.

    Differs: the method's normaliser is given here as far as it is known from the abstract, and not compared with code.
    """
    margins, pulls = _margins_and_pulls(weight, features, label, step_size)
    shares = logsigmoid(-margins).softmax(0)
    return weight + step_size * (shares.unsqueeze(-1) * pulls).sum(0)


def _margins_and_pulls(weight, features, label, step_size):
    r"""$m_i = y_i\, a_i \cdot w$, shape (N,), and $y_i a_i$, shape (N, D)."""
    inputs = {"weight": weight, "features": features, "label": label}
    _points.check_values(inputs, _points.check_shapes(inputs))
    above(0).check("step_size", step_size)
    pulls = label.to(features.dtype).unsqueeze(-1) * features
    return pulls @ weight, pulls
