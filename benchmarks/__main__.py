"""`python -m benchmarks NAME [options]`; without a name, what there is."""

from __future__ import annotations

import sys
from importlib import import_module

# Name, module (its `main` reads the options), what it measures.
BENCHMARKS = (
    ("queries", "benchmarks.queries", "insights over 10 million events, against the least that a scan costs"),
    ("cold", "benchmarks.cold_start", "the first call of a new environment, of each function"),
    ("import", "benchmarks.import_events", "events a second of `insights import`"),
    ("load", "benchmarks.load", "requests a second of `insights serve`, for 1 to 32 clients"),
    ("reports", "benchmarks.reports", "a report: its insights computed and drawn, and a whole delivery"),
    ("overhead", "benchmarks.overhead", "a warm function's time beyond ClickHouse, and a cached answer's"),
)


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    for known, module, _ in BENCHMARKS:
        if name == known:
            del sys.argv[1]
            return int(import_module(module).main() or 0)
    lines = "\n".join(f"  python -m benchmarks {known:<10} {help}" for known, _, help in BENCHMARKS)
    if name and name not in ("-h", "--help"):
        print(f"There is no benchmark {name!r}. There are:\n{lines}", file=sys.stderr)
        return 2
    print(f"{lines}\n\nEach takes --help.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
