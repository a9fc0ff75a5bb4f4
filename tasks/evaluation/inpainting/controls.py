"""The chapter's part on controls whom the network never saw: Tables III and IV, read, summed up and said.

In: the folder of the inpainting's stages. Out: a record for metrics.json, sentences, and what controls.html.j2 shows
beside the published values. The numbers by which all was measured are those that made the table. Chen et al., Tables
III and IV. Knows nothing of pictures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tasks.base import absence, tables
from tasks.base.words import counted_people
from tasks.evaluation.inpainting.published import TABLE_3, TABLE_4
from tasks.evaluation.inpainting.table_three import NOBODY, table_three
from tasks.pages.environment import number, span
from tasks.params.evaluation import Evaluate
from tasks.params.faces import PerceptualNet
from tasks.params.inpainting import InpaintingControls
from tasks.schemas.inpainting import INPAINTING_MEASURES

KINDS = {
    "0-20": "strokes, up to 20 % hidden",
    "20-40": "strokes, 20 to 40 % hidden",
    "40-60": "strokes, 40 to 60 % hidden",
    "square": "a square, a quarter hidden",
    "clinical": "lips and nose hidden",
}
FILLED_BY = {
    "network": "the network, as published",
    "blended": "the network, edges blended",
    "telea": "OpenCV (Telea)",
    "ns": "OpenCV (Navier-Stokes)",
}
PUBLISHED = {kind: methods["Ours"] for kind, methods in {**TABLE_4, **TABLE_3}.items()}
"""By kind of mask: the published network's PSNR, SSIM and FID."""


class Controls(NamedTuple):
    """What the stage inpainting_controls left. `missing`: why it left nothing."""

    measures: pd.DataFrame  # INPAINTING_MEASURES
    settings: InpaintingControls | None
    perceptual: PerceptualNet | None
    missing: str | None


def read_controls(folder: Path) -> Controls:
    """The table in the folder of the inpainting's stages, and the numbers that made it."""
    path = folder / "controls"
    if not path.is_dir() or not tables.parts(path):
        rows = INPAINTING_MEASURES.table([]).to_pandas()
        return Controls(rows, None, None, absence.reason_of(path) or NOBODY)
    numbers = tables.provenance_of(path)["parameters"]
    return Controls(
        tables.read(path, INPAINTING_MEASURES).to_pandas(),
        InpaintingControls.model_validate(numbers["settings"]),
        PerceptualNet.model_validate(numbers["perceptual"]),
        None,
    )


def compare_controls(found: Controls, evaluate: Evaluate) -> dict[str, Any]:
    """`table_three`'s record, with a reason where there is none."""
    if found.settings is None or found.perceptual is None:
        return {"reason": found.missing}
    table = table_three(found.measures, settings=found.settings, perceptual=found.perceptual, evaluate=evaluate)
    return {"reason": None if table["n_photographs"] else NOBODY} | table


def controls_findings(record: Mapping[str, Any]) -> list[str]:
    """A sentence per kind of mask: the network against OpenCV's better one."""
    if record["reason"]:
        return [f"How well unseen controls are filled was not measured: {record['reason']}."]
    return [line for kind in KINDS if (line := _gain_said(kind, record["gains"][kind]))]


def _gain_said(kind: str, gains: Mapping[str, Any]) -> str:
    known = {name: own["masked_psnr"] for name, own in gains.items() if own["masked_psnr"]["value"] is not None}
    if not known:
        return ""
    name = min(known, key=lambda one: float(known[one]["value"]))
    own = known[name]
    way = "nearer to" if own["value"] >= 0 else "further from"
    sure = own["low"] is not None and (own["low"] > 0 or own["high"] < 0)
    doubt = "" if sure else "; which of the two is nearer is not settled"
    return (
        f"On controls whom it never saw ({KINDS[kind]}), the network is {number(abs(own['value']), 1)} dB {way} the "
        f"photograph under the mask than {FILLED_BY[name]} ({span(own)}, "
        f"{counted_people(own['n_images'], own['n_subjects'])}){doubt}."
    )


def titles(record: Mapping[str, Any]) -> dict[str, str]:
    """What LPIPS, FID and KID are called: a stand-in's distance bears no known name."""
    own = next(iter(record["masks"].values()))["network"]
    seen, looked = own["fid"], own["lpips"]
    return {
        "fid": "distance of random features" if seen["stand_in"] else "FID",
        "kid": "kernel distance of random features" if seen["stand_in"] else "KID",
        "lpips": "distance by random features" if looked["stand_in"] else "LPIPS",
        "networks": f"{seen['network']}; LPIPS: {looked['network']}",
    }


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """What controls.html.j2 needs."""
    known = {} if record["reason"] else titles(record)
    return {"kinds": KINDS, "filled_by": FILLED_BY, "published": PUBLISHED, "titles": known}
