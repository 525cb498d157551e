"""Third-party implementations of the losses: one module per package, imported where the package is installed."""

import importlib
import importlib.util
import pkgutil
from importlib import metadata

from .peer import Finding, Peer

__all__ = ["Finding", "Peer", "packages", "peers"]

_HELPERS = {"peer", "shared"}


def packages():
    """Package on the package index -> its version here, or None where it is not installed."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _HELPERS):
        package = module.replace("_", "-")
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def peers(loss=None):
    """The peers whose package is installed here: of one loss, or all of them by loss."""
    found = []
    for package, version in packages().items():
        if version is not None:
            found += importlib.import_module(f"{__name__}.{package.replace('-', '_')}").PEERS
    return sorted((peer for peer in found if loss in (None, peer.loss)), key=lambda peer: (peer.loss, peer.package))
