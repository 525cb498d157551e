"""Self-supervised training on several processes, each with a part of every batch.

    python examples/train_across_processes.py
    torchrun --nproc-per-node 2 examples/train_across_processes.py

Both learn the same network: two noisy views of each handwritten digit are pulled together and pushed from the views of
all others, those on the other processes too. Then the labels are shown for the first time: how many test digits have
most of their nearest neighbours in their own class?
"""

import argparse
import contextlib
import os

import torch
from sklearn.datasets import load_digits
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from lossatlas import nt_xent
from lossatlas.distributed import even_share, gathered, own_rows
from lossatlas.measures import knn_accuracy

TRAIN = 1400


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=256, help="digits in a batch, on all processes together")
    parser.add_argument("--temperature", type=float, default=0.2)
    parser.add_argument("--rows", type=int, help="compare so many digits at a time, to save memory")
    parser.add_argument("--save", help="file for the trained parameters")
    options = parser.parse_args()
    with one_of_several() as device:
        x, y = digits(device)
        network = train(x[:TRAIN], options, device)
        if rank() == 0:
            z = network(x).detach()
            found = knn_accuracy(z[:TRAIN], y[:TRAIN], z[TRAIN:], y[TRAIN:])
            print(
                f"{processes()} process(es), {options.steps} steps: {100 * found:.1f} % of test digits fall to the"
                " class of their neighbours"
            )
            if options.save:
                torch.save(network.state_dict(), options.save)


def train(x, options, device):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 32)).to(x)
    # The seed is the same on all processes, so they share the same start; what follows adds up their gradients.
    trained = DistributedDataParallel(network) if processes() > 1 else network
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.2, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    for _ in range(options.steps):
        mine = part_of(torch.randperm(len(x), generator=generator)[: options.batch])
        noise = part_of(torch.randn(2, options.batch, 64, generator=generator, dtype=torch.float64), dim=1)
        a, b = trained((x[mine] + 0.7 * noise.to(x)).flatten(0, 1)).chunk(2)
        loss = nt_xent(
            a, b, gallery_a=gathered(a), gallery_b=gathered(b), own=own_rows(a),
            temperature=options.temperature, normalizer=even_share(a), rows_at_once=options.rows,
        )  # fmt: skip
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def digits(device):
    """Scikit-learn's digits in an order without meaning, pixels from 0 to 1."""
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(2))
    x, y = torch.tensor(data.data / 16)[order], torch.tensor(data.target)[order]
    return x.to(device), y.to(device)


def part_of(batch, dim=0):
    """This process's part; the last may be shorter."""
    return batch.tensor_split(processes(), dim)[rank()]


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def processes():
    return dist.get_world_size() if dist.is_initialized() else 1


@contextlib.contextmanager
def one_of_several():
    """Join the others where `torchrun` started this process; the device to compute on."""
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if "RANK" not in os.environ:
        yield device
        return
    if cuda:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
