"""On ordinary inputs value and gradient have the digits that their dtype can hold."""

import torch
from tests.contract.measured import note
from tests.contract.right import assert_right, digits, items_and_gradients
from tests.references.exact import exact_of

#: dtype -> names of the notes on value and gradient, the most digits there can be, the fewest there may be
PRECISIONS = {
    torch.float64: ("digits64", "slope_digits64", 16.0, 13.0),
    torch.float32: ("digits32", "slope_digits32", 7.5, 5.0),
}


def test_value_and_gradient_equal_the_naive_loop_with_75_digits(case):
    for dtype, (for_value, for_gradient, most, least) in PRECISIONS.items():
        for seed in range(2):
            inputs = case.sample(seed, dtype=dtype)
            assert_right(case, inputs, f"seed {seed}", dtypes=[dtype])
            exact = exact_of(case, inputs, dtype)
            if exact is None:
                continue
            items, gradients = items_and_gradients(case, inputs)
            of_value = digits(items.flatten(), exact.items, exact.items, most)
            of_gradient = min(digits(gradients[name], exact.low[name], exact.high[name], most) for name in gradients)
            note(case, **{for_value: of_value, for_gradient: of_gradient})
            assert min(of_value, of_gradient) >= least, (
                f"seed {seed}, {dtype}: {of_value:.1f} and {of_gradient:.1f} digits are right"
            )
