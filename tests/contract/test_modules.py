"""What is tested of every module with state: the state survives, and comes out as it went in."""

import copy
import inspect
import io

import torch


def called(module, inputs, steps):
    """The result of a module after so many calls with the same inputs."""
    torch.manual_seed(0)
    for _ in range(steps):
        module(*inputs)
    torch.manual_seed(1)
    return module(*inputs)


def test_it_is_what_the_table_says(module):
    made, _, _ = module.make()
    assert type(made) is module.kind
    text = inspect.getdoc(module.kind)
    assert "Args:" in text and text.partition("\n")[0].endswith(".")


def test_state_survives_state_dict(module):
    used, inputs, steps = module.make()
    called(used, inputs, steps)
    state = copy.deepcopy(used.state_dict())
    fresh, _, _ = module.make()
    fresh.load_state_dict(state)
    assert state.keys() == fresh.state_dict().keys() and len(state) > 0
    same(called(fresh, inputs, 0), called(used, inputs, 0))


def test_state_changes_only_where_it_is_said_to(module):
    used, inputs, steps = module.make()
    before = copy.deepcopy(used.state_dict())
    called(used, inputs, steps)
    changed = any(not torch.equal(before[name], value) for name, value in used.state_dict().items())
    assert changed == (steps > 0)


def test_copies_and_files_hold_the_state(module):
    used, inputs, steps = module.make()
    called(used, inputs, steps)
    copied, kept = copy.deepcopy(used), io.BytesIO()
    torch.save(used, kept)
    kept.seek(0)
    loaded = torch.load(kept, weights_only=False)
    wanted = called(used, inputs, 0)
    for other in (copied, loaded):
        same(called(other, inputs, 0), wanted)


def test_its_state_moves_to_another_dtype(module):
    made, _, _ = module.make()
    made.double()
    floating = [x for x in made.state_dict().values() if x.is_floating_point()]
    assert floating and all(x.dtype == torch.float64 for x in floating)


def same(found, wanted):
    found, wanted = (x if isinstance(x, tuple) else (x,) for x in (found, wanted))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)
