"""The kinds of input that operations of this family alone take."""

from ...contract import Loss
from ...signatures import Given

#: A loss of the registry; whether there is one of that name, and whether it fits, says the registry.
LOSS = Given(
    what="a registered loss, by function, entry or name",
    accepts=lambda value: isinstance(value, (str, Loss)) or callable(value),
    example=lambda sizes, generator, dtype: "multi_similarity_loss",
    refused=(3.5, None),
)
