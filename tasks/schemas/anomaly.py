"""Tables of the anomaly stages."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import BYTES, IMAGE_ID, NUMBER, NUMBERS, POPULATION, REASON, SUBJECT, TEXT

HEATMAPS = ("pse", "ssim", "lpips")
PROCESSINGS = ("base", "ycbcr", "erosion", "both")
REGIONS = ("mouth", "face")
GENERATOR_FILE = "generator.safetensors"
"""The generator in its stage's out."""

_floats = pa.list_(pa.float32())
_step = Column("step", pa.int32(), "adaptation iterations; 0: the inversion, not adapted", low=0)
_picture = Column("picture", BYTES, "16-bit PNG of what the generator draws", "RGB", nullable=True)
_heatmap = Column("heatmap", TEXT, "how the two pictures are compared", allowed=HEATMAPS)
_processing = Column("processing", TEXT, "what was done to both before", allowed=PROCESSINGS)
_area = Column(
    "region", TEXT, "where the heatmap is summed: mouth and nose, or the face without the eyes", allowed=REGIONS
)

GENERATORS = Schema(
    "generators",
    (
        Column("weights", BYTES, "the generator, safetensors with its architecture in the header"),
        Column("sha256", TEXT, "of the file it came from, or of these bytes when it was trained here"),
        Column(
            "curves",
            pa.list_(pa.struct([("step", pa.int32()), ("loss", pa.float64()), ("held_out", pa.float64())])),
            "rows of the table generator_curves; none when it was not trained here",
        ),
    ),
    key=("sha256",),
)

GENERATOR_CURVES = Schema(
    "generator_curves",
    (
        Column("step", pa.int32(), "optimiser steps taken", low=0),
        Column("loss", NUMBER, "of training, mean since the row before"),
        Column("held_out", NUMBER, "see docs/anomaly.md; null where it was not measured", nullable=True),
    ),
    key=("step",),
)

INVERSIONS = Schema(
    "inversions",
    (
        IMAGE_ID,
        SUBJECT,
        Column("w", _floats, "the latent: w_dim numbers, or num_ws times as many in w+", nullable=True),
        Column("noise", _floats, "the noise maps one after the other, in layer order, by rows", nullable=True),
        _picture,
        Column("curve", _floats, "distance from the photograph during the inversion, evenly spaced", nullable=True),
        Column("start", pa.int8(), "which start it came from: 0 is the first", nullable=True, low=0),
        REASON,
    ),
    key=("image_id",),
)

ADAPTATIONS = Schema(
    "adaptations",
    (
        IMAGE_ID,
        _step,
        SUBJECT,
        _picture,
        Column("loss", NUMBER, "distance from the photograph before this step", nullable=True),
        REASON,
    ),
    key=("image_id", "step"),
)

ANOMALY_SCORES = Schema(
    "anomaly_scores",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        _step,
        _heatmap,
        _processing,
        _area,
        Column("score", NUMBER, "S, equation 6: higher is nearer to what the generator can draw", nullable=True),
        REASON,
    ),
    key=("image_id", "step", "heatmap", "processing", "region"),
)

ANOMALY_MAPS = Schema(
    "anomaly_maps",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        Column("picture", BYTES, "PNG of the aligned face", "RGB", nullable=True),
        Column("inverted", BYTES, "PNG of the nearest face that the generator draws", "RGB", nullable=True),
        Column("normalised", BYTES, "PNG of it after adaptation", "RGB", nullable=True),
        Column(
            "heat", BYTES, "16-bit PNG of the headline heatmap inside its mask, 65535 being heat_high", nullable=True
        ),
        Column("heat_high", NUMBER, "the heatmap's highest value", nullable=True, low=0),
        Column(
            "to_original", NUMBERS, "2x3 matrix by rows: pixel of the picture to pixel of the original", nullable=True
        ),
        Column(
            "steps_to_half",
            NUMBER,
            "adaptation iterations until the headline norm has halved; null: not reached",
            nullable=True,
        ),
        Column("curve", _floats, "distance from the photograph during the inversion, evenly spaced", nullable=True),
        REASON,
    ),
    key=("image_id",),
)
