"""Small data sets that need no network: bundled with packages, or generated. Splits are fixed, inputs standardised."""

import random
from dataclasses import dataclass, replace

import numpy
import torch

from ..contract import between, describe, expect, whole


@dataclass(frozen=True, repr=False)
class Data:
    """A classification data set, split in two.

    Attributes:
        name: what it is called.
        x_train: inputs (N, D), or (S, N, D) where each seed has its own.
        y_train: class indices (N,), or (S, N) where each seed has its own.
        x_test, y_test: the same for the test set, (M, D) and (M,), shared by all seeds.
        classes: number of classes.
    """

    name: str
    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor
    classes: int

    def __repr__(self):
        train, test = self.y_train.shape[-1], self.y_test.shape[-1]
        return (
            f"<{self.name}: {train} training and {test} test items, {self.features} features, {self.classes} classes>"
        )

    @property
    def features(self):
        """Length of an input vector."""
        return self.x_train.shape[-1]

    def to(self, device="auto", dtype=None):
        """The same data on a device, `"auto"` being the GPU where there is one; `dtype` is that of the inputs."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        return replace(
            self,
            x_train=self.x_train.to(device, dtype),
            y_train=self.y_train.to(device),
            x_test=self.x_test.to(device, dtype),
            y_test=self.y_test.to(device),
        )


def digits(train=1000):
    """Handwritten digits, 8 × 8 pixels, from scikit-learn; one mean and one scale for all pixels keeps them images."""
    x, y = _scikit().load_digits(return_X_y=True)
    return _split("digits", x, y, train, per_feature=False)


def digits_by_class(train_classes=range(5), test_classes=range(5, 10)):
    """Handwritten digits (scikit-learn), some classes to train on and others, never seen in training, to test on.

    Args:
        train_classes, test_classes: digits from 0 to 9, no digit in both.

    Returns:
        A `Data` with all items of the classes; labels are the digits themselves, inputs as in `digits`.
    """
    train, test = sorted(set(train_classes)), sorted(set(test_classes))
    for name, chosen in {"train_classes": train, "test_classes": test}.items():
        expect(chosen and set(chosen) <= set(range(10)), name, "one or more digits from 0 to 9", describe(chosen))
    expect(not set(train) & set(test), "test_classes", f"no digit of train_classes {train}", describe(test))
    x, y = _scikit().load_digits(return_X_y=True)
    seen, unseen = numpy.isin(y, train), numpy.isin(y, test)
    made = _standardised("digits by class", x[seen], x[unseen], y[seen], y[unseen], per_feature=False)
    return replace(made, classes=10)


def breast_cancer(train=400):
    """Benign or malignant, from 30 measurements of cell nuclei (scikit-learn)."""
    return _split("breast cancer", *_scikit().load_breast_cancer(return_X_y=True), train)


def wine(train=120):
    """Three cultivars, from 13 chemical measurements (scikit-learn)."""
    return _split("wine", *_scikit().load_wine(return_X_y=True), train)


def mnist1d():
    """MNIST-1D: ten wavy lines of 40 points, 4000 to train on and 1000 to test on; generated in about two seconds."""
    from mnist1d.data import get_dataset_args, make_dataset  # imports slowly

    before = random.getstate(), numpy.random.get_state()  # the generator of the package seeds both
    try:
        made = make_dataset(get_dataset_args())
    finally:
        random.setstate(before[0])
        numpy.random.set_state(before[1])
    return _standardised("MNIST-1D", made["x"], made["x_test"], made["y"], made["y_test"], per_feature=False)


def two_moons(train=200, test=1000, *, noise=0.15, seed=0):
    """Two interleaved half circles in the plane; `noise` is the standard deviation before standardising."""
    x, y = _scikit().make_moons(train + test, noise=noise, random_state=seed)
    return _split("two moons", x, y, train)


def blobs(train=300, test=1000, *, classes=3, spread=1.0, seed=0):
    """Round clouds in the plane with standard deviation `spread`, their centres evenly on a circle of radius 3."""
    angles = 2 * numpy.pi * numpy.arange(classes) / classes
    centres = 3 * numpy.stack([numpy.cos(angles), numpy.sin(angles)], 1)
    x, y = _scikit().make_blobs(train + test, centers=centres, cluster_std=spread, random_state=seed)
    return _split("blobs", x, y, train)


def long_tailed(sizes=(100, 30, 5), test=100, *, features=8, spread=0.6, seed=0):
    """Round clouds about random directions of length 1, few items in the tail, equally many of each in the test set.

    Args:
        sizes: training items of each class.
        test: test items of each class.
        features: dimension of the inputs.
        spread: length that the deviation from its centre has for a typical item.
        seed: of centres and items.
    """
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float32)

    centres = torch.nn.functional.normalize(drawn(len(sizes), features), dim=1)
    parts = []
    for counts in (sizes, [test] * len(sizes)):
        labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(counts))
        parts += [centres[labels] + spread / features**0.5 * drawn(len(labels), features), labels]
    return Data("long-tailed clouds", *parts, len(sizes))


def gaussian(train=1000, test=200, *, features=16, seed=0):
    """Points without classes (all labels 0), alike in all directions: only the augmentation is there to be learned."""
    x = torch.randn(train + test, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
    y = torch.zeros(train + test, dtype=torch.long)
    return Data("gaussian", x[:train], y[:train], x[train:], y[train:], 1)


def separable(train=100, test=1000, *, features=2, gap=0.1, seed=0):
    """Two classes on both sides of a random hyperplane through the origin, no point closer to it than `gap`."""
    generator = torch.Generator().manual_seed(seed)
    normal = torch.nn.functional.normalize(torch.randn(features, generator=generator, dtype=torch.float32), dim=0)
    x = torch.randn(train + test, features, generator=generator, dtype=torch.float32)
    side = (x @ normal).sign()
    x = x + gap * side.unsqueeze(1) * normal
    y = (side > 0).long()
    return Data("separable", x[:train], y[:train], x[train:], y[train:], 2)


def flip_labels(target, fraction, *, classes, seeds):
    """Uniform label noise: each label is, with probability `fraction`, replaced by one of the other classes.

    Args:
        target: class indices (N,), or (S, N) with S the number of seeds.
        fraction: from 0 to 1.
        classes: number of classes, at least 2.
        seeds: whole numbers; each draws its own noise.

    Returns:
        (S, N) class indices on the device of `target`.
    """
    between(0, 1).check("fraction", fraction)
    whole(2).check("classes", classes)
    flipped = []
    for seed, labels in zip(seeds, target.cpu().expand(len(seeds), target.shape[-1]), strict=True):
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.rand(labels.shape, generator=generator, dtype=torch.float32) < fraction
        other = labels + torch.randint(1, classes, labels.shape, generator=generator)
        flipped.append(torch.where(chosen, other % classes, labels))
    return torch.stack(flipped).to(target.device)


def subsample(data, items, *, seeds):
    """The data with a training set for each seed, drawn without replacement: (S, items, D) and (S, items)."""
    size = data.y_train.shape[-1]
    whole(1, size).check("items", items)
    chosen = torch.stack([torch.randperm(size, generator=torch.Generator().manual_seed(s))[:items] for s in seeds])
    chosen = chosen.to(data.y_train.device)
    return replace(data, x_train=data.x_train[chosen], y_train=data.y_train[chosen])


def thinned(data, sizes, *, seed=0):
    """The data with only the first `sizes[c]` training items of each class c, in a random order: an imbalanced set."""
    expect(len(sizes) == data.classes, "sizes", f"one number for each of {data.classes} classes", describe(sizes))
    labels = data.y_train.cpu()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    rank = (
        torch.nn.functional.one_hot(labels[order], data.classes)
        .cumsum(0)
        .gather(1, labels[order].unsqueeze(1))
        .squeeze(1)
    )
    kept = order[rank <= torch.tensor(sizes)[labels[order]]].to(data.y_train.device)
    return replace(data, x_train=data.x_train[kept], y_train=data.y_train[kept])


def _scikit():
    from sklearn import datasets  # imports slowly, and is needed for training alone

    return datasets


def _split(name, x, y, train, per_feature=True):
    """A stratified split, the same each time, with `train` items to train on."""
    from sklearn.model_selection import train_test_split

    whole(1, len(y) - 1).check("train", train)
    parts = train_test_split(x, y, train_size=train, stratify=y, random_state=0)
    return _standardised(name, *parts, per_feature=per_feature)


def _standardised(name, x_train, x_test, y_train, y_test, *, per_feature):
    """Mean 0 and standard deviation 1 on the training set, of each feature or of all together."""
    axis = 0 if per_feature else None
    mean, deviation = x_train.mean(axis), x_train.std(axis)
    x_train, x_test = (torch.tensor((x - mean) / deviation, dtype=torch.float32) for x in (x_train, x_test))
    y_train, y_test = torch.tensor(y_train).long(), torch.tensor(y_test).long()
    return Data(name, x_train, y_train, x_test, y_test, int(y_train.max()) + 1)
