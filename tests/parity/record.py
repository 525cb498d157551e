"""The record of what was found out about every peer."""

import json
import math

from benchmarks.peers import packages, peers
from benchmarks.timing import machine


def write(path, noted):
    """Write what the tests noted, peer id -> {"digits", "slope_digits", "evidence"}, as one row for each peer."""
    versions = packages()
    rows = [_row(peer, versions[peer.package], noted.get(peer.id, {})) for peer in peers()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"machine": machine(), "packages": versions, "rows": rows}, indent=1, allow_nan=False) + "\n"
    )


def _row(peer, version, noted):
    row = {
        "loss": peer.loss,
        "package": peer.package,
        "version": version,
        "symbol": peer.symbol,
        "transform": peer.transform,
        "settings": list(peer.settings),
        "digits": _shown(noted.get("digits")),
        "slope_digits": _shown(noted.get("slope_digits")),
        "verdict": "agrees" if peer.agrees else "differs",
        "finding": peer.finding and peer.finding.what,
        "evidence": noted.get("evidence"),
    }
    return row | ({"dtype": "float32"} if "float64" not in peer.dtypes else {})


def _shown(digits):
    """To a tenth, downwards: a record promises no digit that was not there."""
    return None if digits is None else max(math.floor(10 * digits) / 10, 0.0)
