"""Training steps that come from looking at a loss closely: surrogates in output space, and huge step sizes."""

import torch
from torch.nn.functional import logsigmoid

from ...contract import above, operation, real, whole
from ...signatures import Field, Given, Sign, takes


def _on_the_boundary(inputs):
    """A point whose margin is exactly 0."""
    features = inputs["features"].clone()
    features[0] = 0
    return {**inputs, "features": features}


POINTS = takes(
    {"weight": Field("D"), "features": Field("N D"), "label": Sign("N")},
    least={"N": 1},
    edges={"on the boundary": _on_the_boundary},
)


def _some_parameters(sizes, generator, dtype):
    return {
        "weight": torch.randn(3, generator=generator, dtype=torch.float64).to(dtype),
        "bias": torch.randn((), generator=generator, dtype=torch.float64).to(dtype),
    }


def _some_outputs(sizes, generator, dtype):
    """A model of five points."""
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64).to(dtype)
    return lambda parameters: torch.tanh(x @ parameters["weight"] + parameters["bias"])


def _some_objective(sizes, generator, dtype):
    return lambda outputs: (outputs - 1).pow(4).sum()


def _are_tensors(value):
    return isinstance(value, dict) and all(isinstance(x, torch.Tensor) for x in value.values())


@operation(
    takes({"outputs": Field("*"), "anchor": Field("*"), "gradient": Field("*")}, sizes={"N": 4}),
    paper="targetsurrogates2023",
    domains={"eta": above(0), "anchor_loss": real()},
    exempt={"gradient": "The anchor and the gradient there are held fixed: only the outputs have a gradient."},
)
def target_surrogate_loss(outputs, anchor, gradient, *, eta=1.0, anchor_loss=0.0):
    r"""A quadratic stand-in for a loss of the model's outputs, which can be descended without evaluating the loss.

    $$ g(f) = \ell(z) + \langle G, f - z \rangle + \frac{1}{2\eta} \|f - z\|^2, \qquad G = \nabla \ell(z) $$

    Where the loss is L-smooth in the outputs and eta <= 1/L, g lies nowhere below it.

    Use: When a gradient of the loss is expensive, for instance because it asks an environment, and the model is cheap:
    `sso_step` makes several steps for each. Not when loss and model cost the same, since it then spares nothing.

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
    moved = outputs - anchor.detach()
    return anchor_loss + (gradient.detach() * moved).sum() + moved.square().sum() / (2 * eta)


@operation(
    takes(
        {
            "parameters": Given(
                what="a dictionary of tensors",
                accepts=_are_tensors,
                example=_some_parameters,
                refused=([torch.zeros(())], {"x": 1.0}, 3.5),
            ),
            "forward": Given(example=_some_outputs),
            "objective": Given(example=_some_objective),
        }
    ),
    paper="targetsurrogates2023",
    domains={"eta": above(0), "inner_steps": whole(1), "learning_rate": above(0)},
    differentiable=False,
    exempt={"half": "The parameters keep the dtype of their model."},
)
def sso_step(parameters, forward, objective, *, eta=1.0, inner_steps=1, learning_rate=1.0):
    r"""One surrogate step: the loss's gradient is computed once, then the surrogate is descended several times.

    $$ z = f(\theta), \quad G = \nabla \ell(z); \qquad
       \theta \leftarrow \theta - \alpha \nabla_\theta g(f(\theta)), \ \text{repeated } m \text{ times} $$

    One inner step is gradient descent on $\ell(f(\theta))$ with step size $\alpha$.

    Use: When a gradient of the loss in the outputs costs more than a pass through the model. Not with an `eta` above
    1/L for a loss that is L-smooth in the outputs: the surrogate may then fall while the loss rises.

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
    parameters = {name: p.detach() for name, p in parameters.items()}
    anchor = forward(parameters).detach()
    gradient = torch.func.grad(objective)(anchor)
    downhill = torch.func.grad(lambda p: target_surrogate_loss(forward(p), anchor, gradient, eta=eta))
    for _ in range(inner_steps):
        gradients = downhill(parameters)
        parameters = {name: (p - learning_rate * gradients[name]).detach() for name, p in parameters.items()}
    return parameters


@operation(POINTS, paper="logistictoperceptron2024", domains={"step_size": above(0)}, differentiable=False)
def batch_perceptron_step(weight, features, label, *, step_size=1.0):
    r"""One step of the batch perceptron: the mean pull of the points on the wrong side.

    $$ u \leftarrow u + \frac{\gamma}{n} \sum_i h(-m_i)\, y_i a_i, \qquad m_i = y_i\, a_i \cdot u, \quad
       h(s) = [s > 0] + \tfrac12 [s = 0] $$

    Gradient descent on the logistic loss with step size g, written for $u = w / g$, becomes this for large g.

    Use: For data that a plane through the origin separates, or to compare `logistic_loss` at huge steps with its limit.
    Not for data that no plane separates: it never comes to rest there.

    Args:
        weight: $u$, shape (D,).
        features: $a$, shape (N, D), N >= 1.
        label: $y$, -1 or +1, shape (N,).
        step_size: $\gamma > 0$.

    Returns:
        The weight after the step, shape (D,). It does not move once every margin is positive.

    Paper: Tyurin 2024, *From Logistic Regression to the Perceptron Algorithm*; Rosenblatt 1958.
    """
    pulls = label.unsqueeze(-1) * features
    margins = pulls @ weight
    wrong = torch.heaviside(-margins, margins.new_tensor(0.5))
    return weight + step_size * (wrong.unsqueeze(-1) * pulls).mean(0)


@operation(POINTS, paper="logistictoperceptron2024", domains={"step_size": above(0)})
def normalized_logistic_gd_step(weight, features, label, *, step_size=1.0):
    r"""One step of gradient descent on the logistic loss, with the points' weights normalised to sum to one.

    $$ w \leftarrow w + \gamma\, \frac{\sum_i \sigma(-m_i)\, y_i a_i}{\sum_i \sigma(-m_i)}, \qquad
       m_i = y_i\, a_i \cdot w $$

    The step stays long where the loss is nearly 0 and its gradient with it.

    Use: For separable data, where plain gradient descent slows down as the loss vanishes. Not for data that no plane
    separates: the step does not shrink near the minimum, so it goes to and fro around it.

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
    pulls = label.unsqueeze(-1) * features
    shares = logsigmoid(-(pulls @ weight)).softmax(0)
    return weight + step_size * (shares.unsqueeze(-1) * pulls).sum(0)
