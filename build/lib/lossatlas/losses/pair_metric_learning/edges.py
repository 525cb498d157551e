"""Edges that stay where they are when an image changes."""

from ...signatures import Field, Inputs

_maps = Inputs({"edges_a": Field("*"), "edges_b": Field("*")})


def edge_consistency_l1(edges_a, edges_b):
    r"""Mean absolute difference of two edge maps, of an image and of the image that a generator made of it.

    $$ L = \frac1n \sum_i |a_i - b_i| $$

    Any change of the image that keeps its edges costs nothing.

    Args:
        edges_a, edges_b: edge maps of one shape, any shape, in the units of the detector, usually in [0, 1].

    Returns:
        A 0-d tensor >= 0; 0 for empty maps.

    Paper: *Dark Side Augmentation*, 2023, between a frozen detector on day images and a student on night images.
    """
    inputs = {"edges_a": edges_a, "edges_b": edges_b}
    _maps.check_shapes(inputs)
    inputs, dtype = _maps.prepared(inputs)
    a, b = inputs.values()
    return ((a - b).abs().sum() / max(1, a.numel())).to(dtype)
