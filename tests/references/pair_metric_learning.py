"""The pair-based losses as loops over plain numbers, one anchor at a time."""

from .comparing import cosine, of_embeddings
from .cross_entropy import log_sum_exp, softplus


def multi_similarity_loss(positive, negative, alpha=2.0, beta=50.0, base=1.0):
    pull = softplus(log_sum_exp([-alpha * (s - base) for s in positive])) / alpha if positive else 0.0
    push = softplus(log_sum_exp([beta * (s - base) for s in negative])) / beta if negative else 0.0
    return pull + push


REFERENCES = {
    "multi_similarity_loss": of_embeddings(cosine, multi_similarity_loss),
}
