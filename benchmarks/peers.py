"""What torch itself has for a loss, at the loss's default hyper-parameters: name -> (peer's name, call)."""

from torch.nn import functional as F


def _one_hot(logits, target):
    return F.one_hot(target, logits.shape[1]).to(logits.dtype)


PEERS = {
    "cross_entropy": ("F.cross_entropy", F.cross_entropy),
    "weston_watkins_hinge": ("F.multi_margin_loss", F.multi_margin_loss),
    "logistic_loss": ("F.soft_margin_loss", lambda score, label: F.soft_margin_loss(score, label)),
    "null_bce_loss": (
        "F.binary_cross_entropy_with_logits",
        lambda logits, target: F.binary_cross_entropy_with_logits(logits, _one_hot(logits, target)),
    ),
    "class_relational_bce_loss": ("F.binary_cross_entropy_with_logits", lambda logits, target: F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype))),
}
