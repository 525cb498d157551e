"""Small records in the form that tests, comparisons and benchmarks leave them."""

import copy
import json

MACHINE = {
    "cpu": "A <fast> processor",
    "cores": 2,
    "threads": 1,
    "torch": "2.13.0",
    "python": "3.11.7",
    "system": "Linux",
}

CERTIFICATES = {
    "machine": MACHINE,
    "fingerprint": "0",
    "tests": {
        "gradients/gradient": "gradient",
        "gradients/second_gradient": "double_backward",
        "transforms/vmap": "vmap",
        "transforms/compile": "compile",
        "invariances/invariances": None,
        "special_cases/special_cases": None,
        "brand_new/it_was_not_there_before": "a_new_promise",
    },
    "losses": {
        "focal_loss": {
            "cases": ["focal_loss-defaults", "focal_loss-gamma=1.8"],
            "runs": 13,
            "tests": {"transforms/vmap": "xfailed", "transforms/compile": "skipped"},
            "exempt": {"vmap": "It compares a < b & cannot do otherwise."},
            "reasons": {},
            "invariances": ["shift"],
            "special_cases": [
                {
                    "when": {"gamma": 0.0},
                    "of": "cross_entropy",
                    "then": {},
                    "scale": 1.0,
                    "of_other_inputs": False,
                    "shifted": False,
                }
            ],
            "measured": {
                "digits64": 15.3,
                "slope_digits64": 14.6,
                "digits32": 6.9,
                "slope_digits32": 6.2,
                "grows_to": 8.0,
                "shrinks_to": 7.5,
                "official": 12.1,
            },
        },
    },
}

PARITY = {
    "machine": MACHINE,
    "packages": {"kornia": "0.8.1", "torch": "2.13.0", "keras": None},
    "rows": [
        {
            "loss": "focal_loss", "package": "torch", "version": "2.13.0", "symbol": "F.cross_entropy",
            "transform": "Theirs is <ours> at 0.", "settings": [{"gamma": 0.0}], "digits": 15.4, "slope_digits": 14.9,
            "verdict": "agrees", "finding": None, "evidence": None,
        },
        {
            "loss": "focal_loss", "package": "kornia", "version": "0.8.1", "symbol": "focal_loss",
            "transform": "The same convention.", "settings": [{"gamma": 2.0}], "digits": 1.2, "slope_digits": None,
            "dtype": "float32", "verdict": "differs", "finding": "It is <another> loss.",
            "evidence": {
                "inputs": {"logits": [[0.0, 40.0]]}, "hyper": {}, "theirs": 18.4, "ours": 40.0, "exact": 40.0,
            },
        },
        {
            "loss": "hinge_loss", "package": "timm", "version": "1.0.20", "symbol": "F.hinge",
            "transform": "The same convention.", "settings": [{}], "digits": 14.2, "slope_digits": 14.0,
            "verdict": "agrees", "finding": "Its gradient is NaN at 0.",
            "evidence": {
                "inputs": {"score": [0.0]}, "hyper": {"margin": 1.0}, "theirs": ["nan"], "ours": [0.0], "exact": [0.0],
                "slope_of": "score",
            },
        },
    ],
}  # fmt: skip


def timed(loss, size, form, ratio, peer=True):
    """A row of the benchmarks' record with this ratio."""
    beside = {
        "peer": {"package": "torch", "symbol": "F.<x>"},
        "ratio": {"median": ratio, "low": 0.9 * ratio, "high": 1.1 * ratio},
        "memory_ratio": 0.5,
    }
    alone = {"peer": None, "ratio": None, "memory_ratio": None}
    return {
        "loss": loss, "family": "cross_entropy", "size": size, "form": form,
        "seconds": {"median": 2e-4, "low": 1e-4, "high": 3e-4}, "peer_seconds": None, "bytes": 100, "peer_bytes": 200,
        "decorator_seconds": 1.1e-5, **(beside if peer else alone),
    }  # fmt: skip


BENCHMARKS = {
    "machine": MACHINE,
    "rows": [
        timed("focal_loss", "small", "eager", 0.5),
        timed("focal_loss", "large", "eager", 2.0),
        timed("hinge_loss", "small", "eager", 0.25),
        timed("focal_loss", "small", "compiled", 1.0),
        {**timed("hinge_loss", "small", "eager", 2.5), "gradient": "own", "dtype": "float64", "hyper": {"margin": 2.0}},
        timed("squentropy_loss", "small", "eager", 1.0, peer=False),
    ],
    "summary": {},
    "packages": {"torch": "2.13.0"},
    "sizes": {"small": {"N": 32, "C": 10}, "large": {"N": 512, "C": 1000}},
    "left_out": [{"loss": "focal_loss", "package": "kornia", "symbol": "F.y", "memory_ratio": 400}],
    "contract": [
        {
            "signature": "logits",
            "operation_seconds": {"median": 2e-6, "low": 1e-6, "high": 3e-6},
            "checked": {"seconds": {"median": 1.2e-5, "low": 1e-5, "high": 2e-5}, "operations": 6.0},
            "unchecked": {"seconds": {"median": 8e-6, "low": 7e-6, "high": 9e-6}, "operations": 4.0},
        },
    ],
    "output_layer": [
        {
            "classes": 50000,
            "features": 64,
            "family": "cross_entropy",
            "batch": 32,
            "seconds": {"factored": {"median": 1e-3, "low": 1e-3, "high": 1e-3}},
            "softmax_ratio": {"median": 80.5, "low": 70, "high": 90},
            "dense_ratio": {"median": 90, "low": 80, "high": 99},
        },
    ],
}

SCALE = {
    "machine": MACHINE,
    "packages": {"<another> package": "1.2"},
    "width": 128,
    "whole": True,
    "rows": [
        {"loss": "nt_xent", "package": "lossatlas", "n": 2048, "rows": 32, "bytes": 4_000_000, "seconds": 0.5},
        {"loss": "nt_xent", "package": "lossatlas", "n": 2048, "rows": None, "bytes": 250_000_000, "seconds": 0.375},
        {
            "loss": "nt_xent",
            "package": "<another> package",
            "n": 2048,
            "rows": None,
            "bytes": 200_000_000,
            "seconds": 0.25,
        },
        {
            "loss": "info_nce on embeddings",
            "package": "lossatlas",
            "n": 32768,
            "rows": 64,
            "bytes": 123_400_000,
            "seconds": 1234.0,
        },
    ],
}

RECORDS = {"certificates": CERTIFICATES, "parity": PARITY, "benchmarks": BENCHMARKS, "scale": SCALE}


def fresh(folder, kind, family="cross_entropy", **changes):
    """Put a record into a folder as a run leaves it, with some of its parts changed; gives what it says.

    Certificates are written for one family; of the other kinds a run makes one record for all of them.
    """
    record = {**copy.deepcopy(RECORDS[kind]), **changes}
    folder.mkdir(parents=True, exist_ok=True)
    content = {"families": {family: record}} if kind == "certificates" else record
    (folder / f"{kind}.json").write_text(json.dumps(content))
    return record


def kept(folder, family, **kinds):
    """Put records of a family into a folder as they are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{family}.json").write_text(json.dumps(kinds))


def by_family(record):
    """A record as the pages get it: family -> its part."""
    return {"cross_entropy": record} if record else {}


def without_breaks(soup):
    """The page without its invitations to break a line, which would tear names apart."""
    for invitation in soup.select("wbr"):
        invitation.decompose()
    soup.smooth()
    return soup
