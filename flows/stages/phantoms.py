"""The drawn data set, so that a fresh clone has something to measure."""

from prefect import flow

from flows.buckets import Out, runtime
from tasks import params
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.dataset import draw_dataset


@flow
def phantoms_draw(out: Out) -> None:
    """Draw faces, clips and ratings into a raw folder."""
    settings = params.load(PhantomsDraw, "phantoms_draw")
    draw_dataset(out, settings=settings, workers=runtime().workers)
