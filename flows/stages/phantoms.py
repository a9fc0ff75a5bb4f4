"""The drawn data set, so that a fresh clone has something to measure."""

from pathlib import Path

from prefect import flow

from flows.buckets import Out, runtime
from tasks import params
from tasks.base import absence
from tasks.params.phantoms import PhantomsDraw
from tasks.params.running import Data
from tasks.phantoms.dataset import draw_dataset


@flow
def phantoms_draw(out: Out) -> None:
    """Draw faces, clips and ratings into a raw folder, where it is the raw folder of params.yaml."""
    raw = params.load(Data, "data").raw
    if Path(out).resolve() != raw.resolve():
        raise absence.Absent(f"data.raw is {raw}: the demo's faces are not needed")
    settings = params.load(PhantomsDraw, "phantoms_draw")
    draw_dataset(out, settings=settings, workers=runtime().workers)
