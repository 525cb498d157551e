"""Edges that stay where they are when an image changes."""

from ...contract import operation
from ...signatures import Field, takes


@operation(takes({"edges_a": Field("*"), "edges_b": Field("*")}, sizes={"N": 4}), paper="darkside2023")
def edge_consistency_l1(edges_a, edges_b):
    r"""Mean absolute difference of two edge maps, of an image and of the image that a generator made of it.

    $$ L = \frac1n \sum_i |a_i - b_i| $$

    Any change of the image that keeps its edges costs nothing.

    Use: When a generator should change colours and light but move nothing, such as day to night. Not for edge maps of
    different detectors or scales, which differ where nothing moved.

    Args:
        edges_a, edges_b: edge maps of one shape, any shape, in the units of the detector, usually in [0, 1].

    Returns:
        A 0-d tensor >= 0; 0 for empty maps.

    Paper: *Dark Side Augmentation*, 2023, between a frozen detector on day images and a student on night images.
    """
    return (edges_a - edges_b).abs().sum() / max(1, edges_a.numel())
