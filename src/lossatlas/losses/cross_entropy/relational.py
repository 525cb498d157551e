r"""Binary cross-entropy per class, for data sets whose label sets differ.

Softmax over the union of the label sets makes every class of the other data sets a negative, also one that means
the same thing. Here each class is its own yes-or-no question, and the `mask` says which questions an item answers:
boolean, shape (N, C), True for the classes of the label set that the item comes from. The mean is over those.
"""

from ...contract import SpecialCase, loss, operation, real
from ...contract.safe import one_hot, softplus, unit
from ...signatures import ClassIndex, Field, Mask, logits, multilabel, takes
from .hinges import one_against_rest
from .softmax import signs


def one_hot_target(inputs):
    return {**inputs, "target": one_hot(inputs["target"], inputs["logits"])}


@loss(
    logits,
    items="N C",
    paper="labelshifts2022",
    special_cases=[
        SpecialCase("class_relational_bce_loss", via=one_hot_target),
        SpecialCase("logistic_loss", via=one_against_rest),
    ],
    bounds=(0.0, None),
)
def null_bce_loss(logits, target):
    r"""Null BCE loss: binary cross-entropy per class, restricted to the classes that the data set of an item labels.

    $$ \ell_k = -[k = y] \log \sigma(f_k) - [k \ne y] \log(1 - \sigma(f_k)), \qquad
       k \in \text{label set of the item} $$

    Use: When data sets with different label lists are joined: through `mask`, classes that an item's data set does not
    label get no gradient. Not when all items share one list and one class excludes the others; then `cross_entropy`, in
    which the classes compete.

    Args:
        logits: scores before sigmoid over the union of all label sets, shape (N, C).
        target: index of the true class, shape (N,), in the item's own label set.

    Returns:
        One value per item and class, shape (N, C). Pass the label sets as `mask`, shape (N, C): the mean is then over
        their classes, and the others get no gradient at all.

    Paper: Kim et al. 2022, *Learning Semantic Segmentation from Multiple Datasets with Label Shifts*. Known here from
    its abstract and project page: the mask is therefore left to the caller.
    """
    return softplus(-signs(target, logits) * logits)


@loss(
    multilabel,
    paper="labelshifts2022",
    bounds=(0.0, None),
    optimum=0.0,
)
def class_relational_bce_loss(logits, target):
    r"""Class-relational BCE loss: binary cross-entropy where related classes of other data sets count as present.

    $$ \ell_k = -t_k \log \sigma(f_k) - (1 - t_k) \log(1 - \sigma(f_k)) $$

    Use: When data sets with different label lists are joined and similar classes of the other lists may count as
    present, as `relational_target` finds them. Not while the features are still random, since their similarities then
    mean nothing; begin with `null_bce_loss`.

    Args:
        logits: scores before sigmoid over the union of all label sets, shape (N, C).
        target: $t$, 0 or 1 for each class, shape (N, C); `relational_target` makes it from a class index.

    Returns:
        One value per item and class, shape (N, C). Pass as `mask`, shape (N, C), the classes that count for
        the item: those of its label set, and the related ones.

    Paper: Kim et al. 2022, *Learning Semantic Segmentation from Multiple Datasets with Label Shifts*. Known here from
    its abstract and project page. How the paper treats the unrelated classes of other data sets could not be settled:
    the mask decides.
    """
    return softplus((1 - 2 * target) * logits)


def _nothing_of_some(inputs):
    """A feature that is zero, and classes without features."""
    features = inputs["features"].clone()
    features[0] = 0
    return {**inputs, "features": features, "target": inputs["target"].clamp(max=1)}


@operation(
    takes(
        {"features": Field("N D"), "target": ClassIndex("N"), "weight": Field("C D")},
        edges={"nothing of some": _nothing_of_some},
    ),
    paper="labelshifts2022",
)
def class_similarity(features, target, weight):
    r"""Mean cosine between the features of a class and the classifier weights of every class.

    $$ s_{yk} = \frac{1}{N_y} \sum_{n \,:\, y_n = y} \frac{x_n \cdot w_k}{\|x_n\| \, \|w_k\|} $$

    Use: To find classes of different label lists that mean the same, for `relational_target`. Not while the features
    are still random, since all cosines are then of chance.

    Args:
        features: $x$, shape (N, D).
        target: index of the class of each feature, shape (N,).
        weight: $w$, one row per class, shape (C, D).

    Returns:
        Shape (C, C): row y, column k is the mean over the features of class y of their cosine with row k of the
        weight; 0 where class y has no features.

    Paper: Kim et al. 2022, *Learning Semantic Segmentation from Multiple Datasets with Label Shifts*.
    """
    cosines = unit(features) @ unit(weight).T
    member = one_hot(target, cosines)
    return member.T @ cosines / member.sum(0).clamp(min=1).unsqueeze(-1)


@operation(
    takes({"similarity": Field("C C"), "target": ClassIndex("N"), "label_set": Mask("N C")}, optional=("label_set",)),
    paper="labelshifts2022",
    domains={"threshold": real()},
    differentiable=False,
    example={"threshold": 0.3},
)
def relational_target(similarity, target, label_set=None, *, threshold):
    r"""The multi-hot target of `class_relational_bce_loss`: the true class, and classes of other data sets like it.

    $$ t_k = [k = y] \ \lor\ \bigl( s_{yk} > \tau \ \land\ k \notin \text{label set of the item} \bigr) $$

    Use: When data sets with different label lists are joined and classes of the other lists may mean what the label
    says. Not without `label_set` where an item's own list is known: its other classes are then surely absent.

    Args:
        similarity: $s$, shape (C, C), a cosine in [-1, 1] for each pair of classes, as from `class_similarity`.
        target: index of the true class, shape (N,).
        label_set: boolean, shape (N, C), the classes of each item's own data set, which can be no relatives; None
            lets every class be one.
        threshold: $\tau$; at 1 or above only the true class is left.

    Returns:
        0 or 1 in the dtype of the similarity, shape (N, C).

    Paper: Kim et al. 2022, *Learning Semantic Segmentation from Multiple Datasets with Label Shifts*.
    """
    likeness = similarity[target]
    true, related = one_hot(target, likeness).bool(), likeness > threshold
    if label_set is not None:
        related = related & ~label_set
    return (true | related).to(similarity.dtype)
