"""Cross-entropy on softmax probabilities, and what other files need of the softmax."""

from ...contract import Domain, between, loss
from ...signatures import logits


def target_log_probability(logits, target):
    """Log of the softmax probability of the true class: (N, C), (N,) -> (N,)."""
    return logits.log_softmax(-1).gather(-1, target.long().unsqueeze(-1)).squeeze(-1)


@loss(
    logits,
    paper="good1952rational",
    aliases=("nll", "log_loss"),
    domains={"label_smoothing": between(0, 1)},
    invariances=("shift",),
    bounds=(0.0, None),
)
def cross_entropy(logits, target, *, label_smoothing=0.0):
    r"""Cross-entropy.

    $$ \ell = -\log p_y $$
    """
    return -target_log_probability(logits, target)
