"""A loss along the lines and planes of its signature: value, derivative and curvature, by automatic differentiation."""

import torch

POINTS = 121


def along(entry, line, hyper=None, points=POINTS):
    """(t, value, derivative, curvature) of a loss along a `Line`, float64 arrays; NaN where the loss is not finite.

    Curvature is NaN throughout for a loss that declares no second derivative.
    """
    t = torch.linspace(line.start, line.stop, points, dtype=torch.float64, requires_grad=True)
    items = _items(entry, line.inputs, (t,), hyper or {})
    derivative = _derivative(items, t, create_graph=True)
    curvature = torch.full_like(t, torch.nan)
    if "double_backward" not in entry.exempt:
        curvature = _derivative(derivative, t)
    return tuple(_finite(v) for v in (t, items, derivative, curvature))


def over(entry, plane, u, v, hyper=None):
    """(value, derivative by u, derivative by v) of a loss over a `Plane` at points (u, v), arrays of any one shape."""
    shape = u.shape
    u, v = (torch.as_tensor(w, dtype=torch.float64).flatten().requires_grad_() for w in (u, v))
    items = _items(entry, plane.inputs, (u, v), hyper or {})
    derivatives = [_derivative(items, w, retain_graph=True) for w in (u, v)]
    return tuple(_finite(w).reshape(shape) for w in (items, *derivatives))


def _items(entry, inputs, coordinates, hyper):
    """One value per point. A loss of a whole batch sees each point as a batch of its own."""
    if entry.items == "batch":
        return torch.vmap(lambda *point: entry.function(**inputs(*(c.unsqueeze(0) for c in point)), **hyper))(
            *coordinates
        )
    items = entry.function(**inputs(*coordinates), **hyper, reduction="none")
    return items.reshape(len(coordinates[0]), -1).sum(-1)


def _derivative(values, t, **graph):
    if not values.requires_grad:
        return torch.zeros_like(t)
    (derivative,) = torch.autograd.grad(values.sum(), t, allow_unused=True, materialize_grads=True, **graph)
    return derivative


def _finite(values):
    values = values.detach()
    return torch.where(values.isfinite(), values, torch.nan).numpy()
