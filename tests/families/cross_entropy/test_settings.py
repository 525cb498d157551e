"""Operations at the borders of their settings, beside those at which every operation is compared with its loop."""

import pytest
import torch
from tests.contract.operations import as_lists
from tests.references import loop

from lossatlas.contract import get_operation

SETTINGS = {
    "harmax": [{"n": 3.5}, {"n": 0.5, "eps": 0.2}],
    "inverse_distance_weights": [{"power": 1.0, "eps": 0.0}, {"power": 3.0, "eps": 0.1}],
    "inverse_distance_weighting_attention": [{"power": 1.0, "eps": 0.0}, {"power": 3.0, "eps": 0.1}],
    "augmented_memory": [{"power": 1.0, "eps": 0.3}],
    "equiangular_basis_generation_loss": [{"threshold": 0.0}, {"threshold": 0.3}, {"threshold": 1.0}],
    "aldr_kl_temperature": [{"lam0": 0.7, "alpha": 3.5}],
    "l2_svm_objective": [{"penalty": 0.0}, {"penalty": 0.3}],
    "relational_target": [{"threshold": 1.0}, {"threshold": -2.0}],
    "z_loss_from_sums": [{"classes": 3, "a": 2.0, "b": 1.0}],
    "target_surrogate_loss": [{"eta": 0.3, "anchor_loss": 2.5}],
    "sso_step": [{"eta": 0.3, "inner_steps": 3, "learning_rate": 0.05}],
    "batch_perceptron_step": [{"step_size": 0.3}],
    "normalized_logistic_gd_step": [{"step_size": 0.3}],
}


@pytest.mark.parametrize(("name", "hyper"), [(name, hyper) for name, some in SETTINGS.items() for hyper in some])
def test_the_naive_loop_gives_the_same(name, hyper):
    operation = get_operation(name)
    for seed in range(4):
        inputs = operation.signature.sample(seed)
        found, wanted = operation(**inputs, **hyper), loop(name)(**as_lists(inputs), **hyper)
        if isinstance(found, torch.Tensor):
            found, wanted = {"": found}, {"": wanted}
        elif not isinstance(found, dict):
            found, wanted = dict(enumerate(found)), dict(enumerate(wanted))
        for part, value in found.items():
            right = torch.as_tensor(wanted[part], dtype=value.dtype)
            torch.testing.assert_close(value, right, rtol=1e-11, atol=1e-13)
