"""Claims as experiments with rules fixed beforehand, and their verdicts."""

from .claims import MIME, AtLeast, Claim, Summary, Verdict, Within

__all__ = ["MIME", "AtLeast", "Claim", "Summary", "Verdict", "Within"]
