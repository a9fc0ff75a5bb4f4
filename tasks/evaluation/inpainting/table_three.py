"""Tables III and IV from the rows of fillings of controls: means with intervals by person, FID and KID (Chen et al.).

In: INPAINTING_MEASURES of all buckets. Out: one nested record for a JSON file, by kind of mask and method; null with a
reason where there are too few photographs. Beside every LPIPS, FID and KID stands the network that saw it: a stand-in's
numbers compare the methods of one run with each other, and with nothing else. Table IV is this record of several runs
(docs/inpainting.md). Knows nothing of pictures.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tasks.base.networks.distances import frechet_distance, kernel_distance
from tasks.evaluation.inpainting.compare import mean_of
from tasks.params.evaluation import Evaluate
from tasks.params.faces import PerceptualNet
from tasks.params.inpainting import InpaintingControls
from tasks.schemas.inpainting import (
    ALIKE,
    LANDMARK_ERRORS,
    MASK_KINDS,
    MEASURED_METHODS,
    OPENCV_METHODS,
    PHOTOGRAPH,
    QUALITIES,
)
from tasks.statistics.bootstrap import Estimate, missing

TOO_FEW = 2
NOBODY = "no photograph of a control who did not train; add controls, or raise inpainting_train: held_out"


class How(NamedTuple):
    """The numbers by which all was measured and is summed up."""

    settings: InpaintingControls
    perceptual: PerceptualNet
    evaluate: Evaluate


def table_three(
    measures: pd.DataFrame,  # INPAINTING_MEASURES
    *,
    settings: InpaintingControls,
    perceptual: PerceptualNet,
    evaluate: Evaluate,
) -> dict[str, Any]:
    """masks (kind -> method -> measure -> estimate, and fid), gains, counts, definitions. Finite numbers or null.

    gains: kind -> OpenCV's method -> measure -> the network's value less that one's, photograph by photograph.
    """
    how = How(settings, perceptual, evaluate)
    rows = measures.sort_values(["image_id", "mask", "method"], ignore_index=True)
    read = rows[rows["reason"].isna()]
    real = read[read["method"] == PHOTOGRAPH]
    found: dict[str, Any] = {"masks": {}, "gains": {}}
    for kind in MASK_KINDS:
        own = {name: read[(read["mask"] == kind) & (read["method"] == name)] for name in MEASURED_METHODS}
        found["masks"][kind] = {
            name: _measures(part, name, how) | {"fid": _fid(real, part, settings)} for name, part in own.items()
        }
        found["gains"][kind] = {name: _gains(own["network"], own[name], how) for name in OPENCV_METHODS}
    return found | {
        "n_photographs": int(real["image_id"].nunique()),
        "n_subjects": int(real["subject_id"].nunique()),
        "n_refused": int(rows.loc[rows["reason"].notna(), "image_id"].nunique()),
        "definitions": {"channels": settings.channels, "window": settings.window, "most_masked_psnr": ALIKE},
    }


def _measures(part: pd.DataFrame, method: str, how: How) -> dict[str, Any]:
    """Each measure's mean, and the share of the picture that was hidden."""
    names = (*QUALITIES, *(LANDMARK_ERRORS if method == "network" else ()))
    share = None if part.empty else float(part["share"].mean())
    return {"share": share} | {name: _mean(part, name, how) for name in names}


def _mean(part: pd.DataFrame, name: str, how: How) -> Estimate:
    """The mean over photographs; whole people are drawn anew."""
    known = part[part[name].notna()]
    if known.empty:
        reason = NOBODY if part.empty else "not measured: no landmark branch, or no point there"
        return missing(reason, n_images=0, n_subjects=0) | _seen_by(name, how.perceptual)
    found = mean_of(known[name].to_numpy(float), known["subject_id"].to_numpy(), how.evaluate)
    return found | _seen_by(name, how.perceptual)


def _seen_by(name: str, perceptual: PerceptualNet) -> dict[str, Any]:
    """Which network LPIPS looked through; nothing for measures without one."""
    if "lpips" not in name:
        return {}
    return {"network": f"{perceptual.net}, {perceptual.trunk}", "stand_in": perceptual.trunk == "random"}


def _gains(network: pd.DataFrame, other: pd.DataFrame, how: How) -> dict[str, Estimate]:
    """The network's values less another method's, of the same photographs under the same masks."""
    both = network.merge(other, on=["image_id", "subject_id"], suffixes=("", "_other"))
    apart = both[["subject_id"]].assign(**{name: both[name] - both[f"{name}_other"] for name in QUALITIES})
    return {name: _mean(apart, name, how) for name in QUALITIES}


def _fid(real: pd.DataFrame, filled: pd.DataFrame, settings: InpaintingControls) -> dict[str, Any]:
    """FID and KID of the fillings and the photographs that they are of, with what they stand on."""
    real = real[real["image_id"].isin(filled["image_id"])]
    stands = {
        "n_photographs": len(real),
        "n_fillings": len(filled),
        "network": f"Inception, {settings.inception}, {settings.dims} features",
        "stand_in": settings.inception == "random",
    }
    if min(len(real), len(filled)) < TOO_FEW:
        why = f"{len(real)} photographs and {len(filled)} fillings; two or more of each are needed"
        return {"fid": None, "kid": None, "kid_std": None, "reason": why} | stands
    a, b = (np.stack(part["features"].to_list()).astype(float) for part in (real, filled))
    kid, deviation = kernel_distance(
        a, b, subsets=settings.kid_subsets, subset_size=settings.kid_subset_size, seed=settings.seed
    )
    return {"fid": frechet_distance(a, b), "kid": kid, "kid_std": deviation, "reason": None} | stands


def headline(table: dict[str, Any]) -> dict[str, Any]:
    """PSNR and SSIM of the network by mask, flat, for runs to be compared by (Table IV)."""
    return {
        f"{name}_{kind.replace('-', '_')}": table["masks"][kind]["network"][name]
        for kind in MASK_KINDS
        for name in ("psnr", "ssim")
    }
