"""One of several processes that compute losses together: `python -m tests.distributed_worker RANK SIZES FOLDER`.

Each trains the same small network on its own part of a batch. It writes, for each loss and way, the mean of the value
over the processes and the network's gradients as `DistributedDataParallel` leaves them. With one process there is no
group.
"""

import functools
import sys
from pathlib import Path

import torch
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

import lossatlas
from lossatlas.distributed import even_share, gathered, own_rows

LOSSES = ("nt_xent", "info_nce", "clip_loss", "siglip_loss", "multi_similarity_loss")
WAYS = {"": {}, ", two rows at a time": {"rows_at_once": 2}}


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 5)).double()


def batch(n):
    """Two views of each item, and a class; the items are not in an order that would favour any part."""
    generator = torch.Generator().manual_seed(1)
    views = torch.randn(2, n, 6, dtype=torch.float64, generator=generator)
    return views, torch.randint(0, 3, (n,), generator=generator)


def of_embeddings(loss, a, b, labels):
    there = gathered(labels >= 0)
    return loss(a, labels, gathered(a), gathered(labels), own_rows(a), there, normalizer=even_share(a))


def of_queries(loss, a, b, labels):
    return loss(a, b, gathered(b), own_rows(a), normalizer=even_share(a))


def of_views(loss, a, b, labels):
    return loss(a, b, gathered(a), gathered(b), own_rows(a), normalizer=even_share(a))


CALLS = {"embeddings": of_embeddings, "queries": of_queries, "views": of_views}


def own_gradients_alone(a, b, labels):
    """What much code does: each process computes the loss of the whole batch, the rows of others as mere numbers."""
    return lossatlas.nt_xent(*(gathered(x.detach()).index_copy(0, own_rows(x), x) for x in (a, b)))


def main(rank, sizes, folder):
    if len(sizes) > 1:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=len(sizes))
    views, labels = (part.split(sizes, dim)[rank] for part, dim in zip(batch(sum(sizes)), (1, 0), strict=True))
    found = {}
    for name in LOSSES:
        signature = lossatlas.get(name).signature.name
        for way, keywords in WAYS.items():
            loss = functools.partial(getattr(lossatlas, name), **keywords)
            found[name + way] = step(functools.partial(CALLS[signature], loss), views, labels)
    found["without gradients"] = step(own_gradients_alone, views, labels)
    torch.save(found, Path(folder) / f"{rank}.pt")
    if len(sizes) > 1:
        dist.destroy_process_group()


def step(loss, views, labels):
    model = network()
    trained = DistributedDataParallel(model) if dist.is_initialized() else model
    a, b = trained(torch.cat(list(views))).chunk(2)
    value = loss(a, b, labels)
    value.backward()
    if dist.is_initialized():
        value = value.detach()
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return {"value": value.detach(), "gradients": [p.grad for p in model.parameters()]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), [int(n) for n in sys.argv[2].split("-")], sys.argv[3])
