"""The drawn data set, so that a fresh clone has something to measure."""

from pathlib import Path

from prefect import flow

from flows.buckets import Out, runtime
from tasks import params
from tasks.base import absence
from tasks.params.phantoms import PhantomsDraw, PhantomsHeads
from tasks.params.running import Data
from tasks.phantoms.dataset import draw_dataset, draw_uncleft, make_room
from tasks.phantoms.heads.visits import draw_heads, image_rows

HEADS = "heads"
"""Their folder below the raw folder."""


@flow
def phantoms_draw(out: Out) -> None:
    """Draw faces, heads, clips and ratings into a raw folder, where it is the raw folder of params.yaml."""
    _require_demo(Path(out))
    settings, heads = params.load(PhantomsDraw, "phantoms_draw"), params.load(PhantomsHeads, "phantoms_heads")
    workers = runtime().workers
    make_room(Path(out))
    known = [
        (f"{HEADS}/{path}", measure, value)
        for path, measure, value in draw_heads(Path(out) / HEADS, settings=heads, workers=workers, tables=False)
    ]
    around = [row | {"path": f"{HEADS}/{row['path']}"} for row in image_rows(heads)]
    draw_dataset(out, settings=settings, workers=workers, around=around, known=known)


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
