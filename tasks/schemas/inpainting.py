"""Tables of the inpainting stages."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import BYTES, IMAGE_ID, NUMBER, NUMBERS, POPULATION, REASON, SUBJECT, TEXT

NETWORK_FILE = "network.safetensors"
"""The network in its stage's out."""
MASKS = ("lips and nose", "lower face")

_curves = (
    Column("step", pa.int32(), "optimiser steps taken", low=0),
    Column("loss", NUMBER, "of training, mean since the row before"),
    Column(
        "held_out", NUMBER, "mean absolute difference under the mask, held-out controls", "grey levels", nullable=True
    ),
    Column(
        "landmarks", NUMBER, "mean distance of the 68 points, held-out controls", "share of the side", nullable=True
    ),
)
INPAINTING_CURVES = Schema("inpainting_curves", _curves, key=("step",))

INPAINTING_NETWORKS = Schema(
    "inpainting_networks",
    (
        Column("weights", BYTES, "the network, safetensors with its settings in the header"),
        Column("sha256", TEXT, "of these bytes"),
        Column(
            "curves",
            pa.list_(pa.struct([(column.name, column.type) for column in _curves])),
            "rows of the table inpainting_curves",
        ),
    ),
    key=("sha256",),
)

FILLINGS = Schema(
    "fillings",
    (
        IMAGE_ID,
        Column("proposal", pa.int16(), "0: the mask as it is; others: moved a little", low=0),
        SUBJECT,
        POPULATION,
        Column("masked", TEXT, "what the mask covers", allowed=MASKS, nullable=True),
        Column("photograph", BYTES, "PNG of the levelled and cropped face", "RGB", nullable=True),
        Column("filled", BYTES, "PNG of the same with the filling", "RGB", nullable=True),
        Column("mask", BYTES, "PNG of where it was filled, 255 or 0", nullable=True),
        Column("points", NUMBERS, "the network's 68 points x0, y0, x1, y1, ...", "px of the crop", nullable=True),
        Column(
            "disagreement", NUMBER, "of them and those found, outside the mask", "eye distances", nullable=True, low=0
        ),
        Column("to_original", NUMBERS, "2x3 matrix by rows: pixel of the crop to pixel of the original", nullable=True),
        REASON,
    ),
    key=("image_id", "proposal"),
)

HEATMAPS = ("pse", "ssim", "lpips")
AFTER_METHODS = ("input", "network", "telea", "ns")
"""The photograph itself, the network's filling, and OpenCV's two."""
AGAINST = ("without the cleft", "after repair")

FILLING_DISTANCES = Schema(
    "filling_distances",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        *(
            Column(name, NUMBER, f"mean of the {name} heatmap under the mask", nullable=True, low=0)
            for name in HEATMAPS
        ),
        REASON,
    ),
    key=("image_id",),
)

AFTER = Schema(
    "after",
    (
        IMAGE_ID,
        Column("against", TEXT, "what the picture shows of the same person", allowed=AGAINST),
        Column("picture", BYTES, "PNG of it in the filling's crop", "RGB"),
    ),
    key=("image_id",),
)

NEARNESS = Schema(
    "nearness",
    (
        IMAGE_ID,
        SUBJECT,
        Column("against", TEXT, "what it is compared with", allowed=AGAINST),
        Column("method", TEXT, "what is compared", allowed=AFTER_METHODS),
        Column("psnr", NUMBER, "under the mask, at most 60", "dB", nullable=True),
        Column("lpips", NUMBER, "mean of the lpips heatmap under the mask", nullable=True, low=0),
        REASON,
    ),
    key=("image_id", "method"),
)

MASK_KINDS = ("0-20", "20-40", "40-60", "square", "clinical")
"""What is hidden of controls for Tables III and IV: strokes by per cent of the picture, a square, lips and nose."""
MEASURED_METHODS = ("network", "blended", "telea", "ns")
"""The network as published (drawn under the mask, the photograph elsewhere), the same brought to the level of its
surroundings as `vermilion inpaint` does, and OpenCV's two."""
OPENCV_METHODS = ("telea", "ns")
ALIKE = 60.0
"""Decibels under the mask that equal pictures get, and none exceeds: an error of a quarter of a grey level, less than
rounding makes. PSNR itself has no end there, and a mean without these pictures would hide the best fillings."""
PHOTOGRAPH, UNMASKED = "photograph", "none"
"""Method and mask of the row that has the photograph's own features."""
QUALITIES = ("psnr", "ssim", "lpips", "masked_psnr", "masked_ssim", "masked_lpips")
LANDMARK_ERRORS = ("landmark_error", "landmark_error_inside", "landmark_error_outside")

INPAINTING_MEASURES = Schema(
    "inpainting_measures",
    (
        IMAGE_ID,
        Column("mask", TEXT, "what was hidden", allowed=(UNMASKED, *MASK_KINDS)),
        Column("method", TEXT, "what filled it", allowed=(PHOTOGRAPH, *MEASURED_METHODS)),
        SUBJECT,
        Column("share", NUMBER, "of the picture that was hidden", nullable=True, low=0, high=1),
        Column("psnr", NUMBER, "of the whole picture", "dB", nullable=True),
        Column("ssim", NUMBER, "of the whole picture", nullable=True),
        Column("lpips", NUMBER, "of the whole picture", nullable=True, low=0),
        Column("masked_psnr", NUMBER, f"under the mask, at most {ALIKE:g}", "dB", nullable=True),
        Column("masked_ssim", NUMBER, "mean of SSIM's map under the mask", nullable=True),
        Column("masked_lpips", NUMBER, "mean of LPIPS' map under the mask", nullable=True, low=0),
        Column(
            "landmark_error",
            NUMBER,
            "mean distance of the network's 68 points from those found; of the network alone",
            "eye distances",
            nullable=True,
            low=0,
        ),
        Column("landmark_error_inside", NUMBER, "the same, points that were hidden", "eye distances", nullable=True),
        Column("landmark_error_outside", NUMBER, "the same, points that were seen", "eye distances", nullable=True),
        Column(
            "features", pa.list_(pa.float32()), "of the whole picture, by Inception; for FID and KID", nullable=True
        ),
        REASON,
    ),
    key=("image_id", "mask", "method"),
)


def _a_valid_result_has_a_rank_and_no_other(votes: pa.Table) -> str | None:
    wrong = votes.filter(pc.equal(votes["valid"], pc.is_null(votes["rank"])))
    return f"{wrong.num_rows} rows have a rank without being valid, or are valid without a rank" if len(wrong) else None


_vote = (
    Column("rater_id", TEXT, "who judged"),
    Column("method", TEXT, "what filled the picture; the rater did not know"),
    Column("picture", TEXT, "sha256 of the pixels that were judged: a network that trained again draws others"),
    Column("valid", pa.bool_(), "neither blurred nor illogical; a face could look so"),
    Column("rank", pa.int8(), "among the rater's valid results of this photograph, 1 best", nullable=True, low=1),
)

INPAINTING_VOTES = Schema(
    "inpainting_votes",
    (IMAGE_ID, *_vote),
    key=("image_id", "rater_id", "method"),
    rules=(_a_valid_result_has_a_rank_and_no_other,),
)

INPAINTING_JUDGED = Schema(
    "inpainting_judged",
    (
        IMAGE_ID,
        Column("subject_id", TEXT, "the person; null where the photograph is not filled any more", nullable=True),
        *_vote,
        Column("valid_again", pa.bool_(), "the second answer; null where the photograph came once", nullable=True),
        Column("rank_again", pa.int8(), "the rank in it, if it is valid there", nullable=True, low=1),
        Column("present", pa.bool_(), "all that the rater saw of this photograph are the present fillings"),
    ),
    key=("image_id", "rater_id", "method"),
    rules=(_a_valid_result_has_a_rank_and_no_other,),
)
