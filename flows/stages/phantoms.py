"""The drawn data set, so that a fresh clone has something to measure."""

from pathlib import Path

from prefect import flow

from flows.buckets import Out, runtime
from tasks import params
from tasks.base import absence
from tasks.params.phantoms import PhantomsDraw
from tasks.params.running import Data
from tasks.phantoms.dataset import draw_dataset, draw_uncleft


@flow
def phantoms_draw(out: Out) -> None:
    """Draw faces, clips and ratings into a raw folder, where it is the raw folder of params.yaml."""
    _require_demo(Path(out))
    settings = params.load(PhantomsDraw, "phantoms_draw")
    draw_dataset(out, settings=settings, workers=runtime().workers)


@flow
def phantoms_uncleft(raw: Path, out: Out) -> None:
    """Draw the demo's patients before repair without their cleft: what fillings are held against."""
    _require_demo(raw)
    draw_uncleft(out, settings=params.load(PhantomsDraw, "phantoms_draw"), workers=runtime().workers)


def _require_demo(drawn: Path) -> None:
    """Absent where params.yaml has another raw folder than the drawn one."""
    raw = params.load(Data, "data").raw
    if drawn.resolve() != raw.resolve():
        raise absence.Absent(f"data.raw is {raw}: the demo's faces are not needed")
