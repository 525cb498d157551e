"""Whether autocast is on: formulas are computed without it, in the dtype of their inputs or in float32."""

import torch
from torch.amp import is_autocast_available


def under_autocast(device):
    """Whether autocast is on for this type of device."""
    return is_autocast_available(device) and torch.is_autocast_enabled(device)
