"""`python -m bench`: every benchmark that needs no data of one's own, one after the other; about 20 minutes."""

import subprocess
import sys

ALL = ("bench.ingest peer", "bench.ingest one", "bench.ingest scale", "bench.orchestration", "bench.training_pairs")

for command in ALL:
    print(f"\n== {command}", flush=True)
    subprocess.run([sys.executable, "-m", *command.split()], check=True)
