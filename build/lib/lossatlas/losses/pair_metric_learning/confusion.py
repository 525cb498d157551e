"""A regularizer that opposes the loss it is added to, by drawing the classes towards each other."""

import torch

from ...contract import loss
from ...contract.pairwise import distances
from ...signatures import embeddings
from ...signatures.embeddings import relations


@loss(
    embeddings,
    paper="energyconfused2019",
    items="batch",
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    exempt={"items": "It is a mean over pairs of classes, each of which takes all of its vectors together."},
)
def energy_confusion_regularizer(embeddings, labels, gallery, gallery_labels, own, gallery_mask):
    r"""Energy confusion: a regularizer that lowers the mean squared distance between the vectors of two classes.

    $$ L = \underset{I \ne J}{\text{mean}}\ \frac{1}{|I||J|} \sum_{i \in I,\, j \in J} \|f_i - f_j\|^2,
       \qquad \frac{1}{|I||J|} \sum_{i, j} \|f_i - f_j\|^2
       = \|\mu_I - \mu_J\|^2 + \operatorname{tr} \Sigma_I + \operatorname{tr} \Sigma_J $$

    Use: When training data are few and a loss that separates the classes, such as `triplet_margin_loss`, overfits them:
    with a small weight beside it. Not alone, since all vectors in one point are its minimum, nor with a weight so large
    that it undoes the separation.

    Args:
        embeddings: vectors, shape (N, D).
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: where the second class of each pair is taken from; by default the
            batch itself. A class that is only partly compared counts for that part.

    Returns:
        One value for the batch; 0 where there is only one class.

    Paper: It is added with a weight to a loss that separates the classes: the two oppose each other, so that features
    which separate only the training classes lose value. The paper is known here from its abstract and figures; which
    weights of the network receive the gradient there could not be checked, here all do.
    """
    _, strange = relations(labels, gallery_labels, own, gallery_mask)
    in_batch = (labels.unsqueeze(-1) == labels).sum(-1)
    in_gallery = ((gallery_labels.unsqueeze(-1) == gallery_labels) & gallery_mask).sum(-1)
    share = torch.where(strange, 1 / (in_batch.unsqueeze(-1) * in_gallery.clamp(min=1)).to(embeddings.dtype), 0.0)
    classes = share.sum()
    return (share * distances(embeddings, gallery).square()).sum() / torch.where(classes > 0, classes, 1.0)
