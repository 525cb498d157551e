"""The comp-sum family: functions of the probability of the true class, with cross-entropy in the middle."""

from ...contract import SpecialCase, at_least, loss
from ...contract.safe import expm1_over
from ...signatures import logits
from .softmax import target_log_probability


@loss(
    logits,
    paper="mao2023crossentropy",
    domains={"tau": at_least(0, show=(0.0, 2.5))},
    special_cases=[SpecialCase("cross_entropy", when={"tau": 1.0})],
    invariances=("shift",),
    bounds=lambda tau: (0.0, 1 / (tau - 1) if tau > 1 else None),
    optimum=0.0,
)
def comp_sum_loss(logits, target, *, tau=1.0):
    r"""The comp-sum family.

    $$ \ell_\tau = \frac{p_y^{\tau - 1} - 1}{1 - \tau}, \qquad \ell_1 = -\log p_y $$
    """
    return expm1_over(1 - tau, -target_log_probability(logits, target))
