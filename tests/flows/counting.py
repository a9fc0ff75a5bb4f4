"""A stage's work for tests: baselines-like rows from images, each computed bucket noted in a file."""

import hashlib
import os
import signal
import time
from pathlib import Path

import pyarrow as pa

from tasks.params import Block
from tasks.schemas.symmetry import DISTANCES


class Counting(Block):
    """A number that the result depends on, and bytes of noise to add to each row's subject."""

    factor: float
    padding: int = 0


def measure(images: pa.Table, *, settings: Counting) -> pa.Table:
    """D = factor times the file's size (or a refused row when it is missing); computed.log lies beside the files."""
    with Path(images["path"][0].as_py()).with_name("computed.log").open("a") as log:
        log.write(f"{images['image_id'][0].as_py()[:2]} {os.getpid()}\n")
    time.sleep(float(os.environ.get("COUNTING_SLEEP", "0")))
    return DISTANCES.table(
        {
            "image_id": row["image_id"],
            "subject_id": row["subject_id"] + hashlib.shake_256(row["image_id"].encode()).hexdigest(settings.padding),
            "distance": settings.factor * Path(row["path"]).stat().st_size if Path(row["path"]).exists() else None,
            "reason": None if Path(row["path"]).exists() else "no file",
        }
        for row in images.to_pylist()
    )


def measure_resumably(images: pa.Table, *, settings: Counting, checkpoint: Path) -> pa.Table:
    """As `measure`, noting in computed.log whether an earlier call left a checkpoint; COUNTING_KILL kills that call."""
    log = Path(images["path"][0].as_py()).with_name("computed.log")
    number = len(log.read_text().splitlines()) if log.exists() else 0
    resumed = checkpoint.exists()
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_text("half way")
    if os.environ.get("COUNTING_KILL") == str(number):
        os.kill(os.getpid(), signal.SIGKILL)
    table = measure(images, settings=settings)
    if resumed:
        log.write_text(log.read_text().rstrip("\n") + " resumed\n")
    return table
