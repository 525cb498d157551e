"""The contrastive losses as loops over plain numbers, one anchor at a time."""

from .comparing import cosine, of_queries, of_views
from .cross_entropy import log_sum_exp, softplus


def info_nce(positive, negative, temperature=0.07):
    if not negative:
        return 0.0
    return softplus(log_sum_exp([s / temperature for s in negative]) - positive[0] / temperature)


def nt_xent(positive, negative, temperature=0.5):
    return info_nce(positive, negative, temperature)


REFERENCES = {
    "info_nce": of_queries(cosine, info_nce),
    "nt_xent": of_views(cosine, nt_xent),
}
