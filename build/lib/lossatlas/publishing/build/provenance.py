"""What made a page: versions and device, without a date, so that the same input gives the same page."""

import platform
from importlib import metadata

import torch

NAMED = ("lossatlas", "torch", "numpy")


def versions():
    """The versions that decide the numbers on a page."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in NAMED}}


def device_name():
    """The device that `device="auto"` picks."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def sentence(record):
    """One line for the foot of a page that was executed."""
    made = record["versions"]
    return (
        f"Executed at tier {record['tier']} on {record['device']} with Python {made['python']}, "
        f"PyTorch {made['torch']} and NumPy {made['numpy']}."
    )
