"""`python -m bench`: every benchmark that needs no data of one's own, one after the other; about 25 minutes."""

import subprocess
import sys

ALL = ("ingest peer", "ingest one", "ingest scale", "inversion", "orchestration", "reevaluation", "training_pairs")

for command in ALL:
    print(f"\n== bench.{command}", flush=True)
    subprocess.run([sys.executable, "-m", *f"bench.{command}".split()], check=True)
