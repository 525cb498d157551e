"""Relations of classes: the threshold counts strictly, and labels may have 32 bits."""

import torch

from lossatlas.losses import cross_entropy as family


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


TARGET = torch.tensor([0, 2, 1, 1])


def test_relational_target():
    similarity = torch.tensor([[1.0, 0.5, 0.9], [0.5, 0.2, 0.8], [0.9, 0.8, 1.0]], dtype=torch.float64)
    label_set = torch.tensor([[1, 0, 0], [1, 0, 1], [1, 1, 0], [0, 1, 1]]).bool()
    for threshold in (0.5, 0.79, 1.0, -2.0):
        for own in (None, label_set):
            wanted = [
                [k == y or (similarity[y, k].item() > threshold and (own is None or not own[n, k])) for k in range(3)]
                for n, y in enumerate(TARGET.tolist())
            ]
            got = family.relational_target(similarity, TARGET.int(), threshold=threshold, label_set=own)
            assert got.dtype == torch.float64 and got.tolist() == wanted


def test_class_similarity_with_labels_of_32_bits():
    features, weight = numbers(4, 2, seed=1), numbers(3, 2, seed=2)
    got = family.class_similarity(features, torch.tensor([0, 2, 0, 0], dtype=torch.int32), weight)
    cosines = torch.nn.functional.cosine_similarity(features[:, None], weight, dim=-1)
    near(got, torch.stack([cosines[[0, 2, 3]].mean(0), torch.zeros(3), cosines[1]]))
