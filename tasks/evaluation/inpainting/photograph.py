"""One photograph filled and compared with its filling: the inpainting part of `vermilion score`.

In: a photograph, and what `dvc repro` left behind (network, distances of others). Out: its reading. The same functions
as the stages call. Writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.base import tables
from tasks.base.images import decode_png
from tasks.errors import InputError
from tasks.evaluation.inpainting.chapter import NAME, SOURCE
from tasks.evaluation.inpainting.read import headline_heatmap, notices, read_inpainting
from tasks.evaluation.photograph import Photograph
from tasks.inpainting.fillings import cropped, mask_of
from tasks.inpainting.nearness import measure_distances
from tasks.inpainting.network import weights
from tasks.inpainting.photographs import Filler, fill_photograph
from tasks.pages.chapter import Reading
from tasks.pages.overlays import jpeg
from tasks.params.faces import PerceptualNet
from tasks.params.inpainting import InpaintingAlign, InpaintingFill
from tasks.schemas.inpainting import FILLINGS, NETWORK_FILE

TITLE = "Inpainting"
CELL = "distance from the filling"
SIDE = 260
"""Pixels of a picture's side on the page."""


@dataclass(frozen=True)
class InpaintingReader:
    """What a photograph is filled with and read beside."""

    filler: Filler
    settings: InpaintingFill
    perceptual: PerceptualNet
    heatmap: str
    brightness: str
    weights: Path
    controls: np.ndarray  # (n,) distances of unseen controls
    notices: tuple[str, ...]
    steps: int = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """How far the photograph is from its filling; a reason where it cannot be filled."""
        try:
            row = self.fill(photograph)
        except InputError as error:
            record = {"distance": None, "above_controls": None, "reason": str(error)}
            return Reading(NAME, TITLE, record, {CELL: None}, reason=str(error), source=SOURCE)
        finally:
            advance(self.steps)
        found = measure_distances(
            row, perceptual=self.perceptual, weights=str(self.weights), threads=1, brightness=self.brightness
        )
        distance = float(found[self.heatmap][0].as_py())
        above = round(100 * float((self.controls < distance).mean()), 1) if len(self.controls) else None
        pictures = [(jpeg(decode_png(row[name][0].as_py()), side=SIDE), said) for name, said in SHOWN.items()]
        return Reading(
            NAME,
            TITLE,
            {"distance": distance, "above_controls": above, "heatmap": self.heatmap, "reason": None},
            {CELL: distance},
            source=SOURCE,
            template="evaluation/inpainting/photo.html.j2",
            context={"pictures": pictures, "distance": distance, "above": above, "controls": len(self.controls)},
        )

    def fill(self, photograph: Photograph) -> pa.Table:
        """FILLINGS of it, one row; InputError says why it cannot be filled."""
        masked, mask = mask_of(photograph.landmarks, photograph.image.shape, None, None, self.settings)
        made = fill_photograph(photograph.image, photograph.landmarks, mask, filler=self.filler)
        crop = cropped(photograph.image, made, self.settings.kept_side, self.filler.align.size)
        who = {"image_id": photograph.image_id, "proposal": 0, "subject_id": "photograph", "population": "repaired"}
        return FILLINGS.table([who | {"masked": masked} | crop])


SHOWN = {"photograph": "The face, levelled and cropped", "mask": "What was hidden, white", "filled": "Filled"}


def open_reader(root: Path) -> InpaintingReader | str:
    """What the inpainting stages left under a project's folder, or why there is nothing to read with."""
    folder = root / "data" / NAME
    made = read_inpainting(folder)
    if made.missing:
        return made.missing
    if not (folder / "model" / NETWORK_FILE).exists() or made.distances.empty:
        return "there is no network with a cohort; run `dvc repro`"
    trained = tables.provenance_of(folder / "model/curves.parquet")["parameters"]
    filled = tables.provenance_of(folder / "fillings")["parameters"]
    measured = tables.provenance_of(folder / "distances")["parameters"]
    network, _ = weights.load(folder / "model" / NETWORK_FILE)
    settings = InpaintingFill.model_validate(filled["settings"])
    heatmap = headline_heatmap(root / "params.yaml")
    known = made.distances[made.distances["reason"].isna() & (made.distances["population"] == "control")]
    return InpaintingReader(
        Filler(network, InpaintingAlign.model_validate(trained["align"]), settings.most_disagreement),
        settings,
        PerceptualNet.model_validate(measured["perceptual"]),
        heatmap,
        str(measured.get("brightness", "as_is")),
        root / "data/weights",
        known[heatmap].to_numpy(float),
        tuple(notices(folder)),
    )
