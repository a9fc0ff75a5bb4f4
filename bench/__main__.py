"""`python -m bench`: every benchmark that needs no data of one's own, one after the other; about half an hour.

python -m bench [NAME ...] [--tiny]     only those of these modules; at a size where the numbers mean nothing
"""

import argparse
import subprocess
import sys

ALL = (
    "anthropometry",
    "damage",
    "ingest peer",
    "ingest one",
    "ingest scale",
    "inspection",
    "inversion",
    "orchestration",
    "reevaluation",
    "training_pairs",
)


def main(given: list[str] | None = None) -> None:
    """Each in a process of its own."""
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(given)
    known = {command.split()[0] for command in ALL}
    if strange := set(options.names) - known:
        parser.error(f"no {', '.join(sorted(strange))}; there are: {', '.join(sorted(known))}")
    for command in ALL:
        if not options.names or command.split()[0] in options.names:
            print(f"\n== bench.{command}", flush=True)
            words = [*f"bench.{command}".split(), *(["--tiny"] if options.tiny else [])]
            subprocess.run([sys.executable, "-m", *words], check=True)


if __name__ == "__main__":
    main()
