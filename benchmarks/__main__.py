"""`python -m benchmarks`: run the benchmarks and write their tables."""

import argparse
from pathlib import Path

from . import losses, output_layer

BENCHMARKS = {"losses": losses.run, "output_layer": output_layer.run}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Side-by-side timings, on one thread.")
    parser.add_argument("--only", choices=BENCHMARKS, help="one of the benchmarks (default: all)")
    parser.add_argument("--quick", action="store_true", help="smallest sizes and few rounds: does it run?")
    parser.add_argument("--out", type=Path, default=Path("_build/benchmarks"), help="folder of the tables (default: %(default)s)")
    options = parser.parse_args(arguments)
    for name in [options.only] if options.only else BENCHMARKS:
        BENCHMARKS[name](options.out, quick=options.quick)
        print((options.out / f"{name}.md").read_text())


if __name__ == "__main__":
    main()
