"""Tables of the synthesis stages."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import BYTES, IMAGE_ID, NUMBER, REASON, SPLITS, SUBJECT, TEXT

CONDITIONS = ("pre", "post")
"""Before and after repair: an adapter each."""
CLASSES = (*CONDITIONS, "control")
ORIGINS = ("real", "generated")
FLAGS = (
    "no_face",
    "several_faces",
    "cropped",
    "not_frontal",
    "eyes_covered",
    "text",
    "blurred",
    "skin_tone",
    "age",
)
"""What screening can hold against a generated picture, in the order in which it looks."""
TASKS = ("unrepaired", "lip_anomaly", "pre_post")

_floats = pa.list_(pa.float32())
_planned = Column("image_id", TEXT, "sha256 of condition, seed and number: the picture's name before it is drawn")
_condition = Column("condition", TEXT, "before (pre) or after repair (post)", allowed=CONDITIONS)
_class = Column("condition", TEXT, "before (pre) or after repair (post), or a control", allowed=CLASSES)
_origin = Column("origin", TEXT, "a photograph (real) or drawn here (generated)", allowed=ORIGINS)
_split = Column("split", TEXT, "train: adapters may learn from it; test: kept for tests", allowed=SPLITS)
_prompt = Column("prompt", TEXT, "the whole text that the encoders read, trigger first")
_over = (
    Column("clip_over", pa.int32(), "tokens beyond CLIP's length, which it does not see", low=0),
    Column("t5_over", pa.int32(), "tokens beyond T5's length, which it does not see", low=0),
)

BASES = Schema(
    "bases",
    (
        Column("path", TEXT, "of a file in the base's folder"),
        Column("content", BYTES, "the file"),
    ),
    key=("path",),
)

CAPTIONS = Schema(
    "captions",
    (
        IMAGE_ID,
        SUBJECT,
        _class,
        _split,
        Column("prompt", TEXT, "the caption with the trigger word in front, once; controls have none", nullable=True),
        Column("edited", pa.bool_(), "whether a person wrote the caption"),
        Column("frame", _floats, "left, top and side of the face's square; null: all of it", "px", nullable=True),
        REASON,
    ),
    key=("image_id",),
)

LATENTS = Schema(
    "latents",
    (
        IMAGE_ID,
        Column("flipped", pa.bool_(), "whether the picture was mirrored first"),
        Column("width", pa.int32(), "of the bucket", "px", low=0),
        Column("height", pa.int32(), "of the bucket", "px", low=0),
        Column("latent", _floats, "what the VAE makes of it, shifted and scaled: (C, h, w) by rows", nullable=True),
        REASON,
    ),
    key=("image_id", "flipped"),
)

TEXTS = Schema(
    "texts",
    (
        IMAGE_ID,
        _prompt,
        Column("pooled", _floats, "CLIP's pooled embedding"),
        Column("tokens", _floats, "T5's embeddings: (length, width) by rows"),
        *_over,
    ),
    key=("image_id",),
)

ADAPTERS = Schema(
    "adapters",
    (
        Column("weights", BYTES, "the adapter, safetensors in diffusers' own format"),
        Column("sha256", TEXT, "of these bytes"),
        Column(
            "curves",
            pa.list_(pa.struct([("step", pa.int32()), ("loss", pa.float64()), ("rate", pa.float64())])),
            "rows of the table adapter_curves",
        ),
        Column(
            "samples",
            pa.list_(
                pa.struct(
                    [("step", pa.int32()), ("number", pa.int32()), ("prompt", pa.string()), ("picture", pa.binary())]
                )
            ),
            "pictures drawn on the way, with fixed seeds",
        ),
        Column("called", NUMBER, "pictures with the trigger, 0: as controls, 1: as patients", nullable=True),
        Column("left", NUMBER, "the same without the trigger", nullable=True),
    ),
    key=("sha256",),
)

ADAPTER_CURVES = Schema(
    "adapter_curves",
    (
        Column("step", pa.int32(), "optimiser steps taken", low=0),
        Column("loss", NUMBER, "flow-matching loss, mean since the row before"),
        Column("rate", NUMBER, "learning rate"),
    ),
    key=("step",),
)

PROMPTS = Schema(
    "prompts",
    (
        _planned,
        _condition,
        Column("number", pa.int32(), "of the picture in its condition, from 0", low=0),
        Column("seed", pa.int64(), "of the picture's noise", low=0),
        _prompt,
        Column("person", TEXT, "age and gender, such as girl or man"),
        Column("skin_tone", TEXT, "as asked for"),
        Column("hair", TEXT, "as asked for"),
        Column("eyes", TEXT, "as asked for"),
        Column("cleft", TEXT, "cleft features, as asked for"),
        Column("status", TEXT, "unrepaired, or after repair"),
    ),
    key=("image_id",),
)

PROMPT_COVERAGE = Schema(
    "prompt_coverage",
    (
        _condition,
        Column("part", TEXT, "of the prompt, such as skin_tone"),
        Column("value", TEXT, "of that part"),
        Column("count", pa.int32(), "prompts that ask for it", low=0),
        Column("expected", NUMBER, "if every value were asked for equally often", low=0),
    ),
    key=("condition", "part", "value"),
)

GENERATED = Schema(
    "generated",
    (
        _planned,
        _condition,
        Column("number", pa.int32(), "of the picture in its condition, from 0", low=0),
        Column("picture", BYTES, "PNG", "RGB", nullable=True),
        *_over,
        REASON,
    ),
    key=("image_id",),
)

SCREENED = Schema(
    "screened",
    (
        _planned,
        _condition,
        Column("faces", pa.int32(), "faces found", low=0),
        Column("inside", NUMBER, "share of the face's outline that lies in the picture", nullable=True, low=0, high=1),
        Column("yaw", NUMBER, "by landmarks", "degrees", nullable=True),
        Column("pitch", NUMBER, "by landmarks", "degrees", nullable=True),
        Column("roll", NUMBER, "by landmarks", "degrees", nullable=True),
        Column("eye_cover", NUMBER, "see tasks.synthesis.gate.screening", nullable=True),
        Column("text_strength", NUMBER, "see tasks.synthesis.gate.screening", nullable=True, low=0),
        Column("sharpness", NUMBER, "share of gradient energy lost by a small blur", nullable=True, low=0, high=1),
        Column("skin_lightness", NUMBER, "of cheeks and forehead, individual typology angle", "degrees", nullable=True),
        Column("flags", pa.list_(TEXT), f"what is held against it, of: {', '.join(FLAGS)}"),
        REASON,
    ),
    key=("image_id",),
)

EMBEDDINGS = Schema(
    "embeddings",
    (
        Column("image_id", TEXT, "of a photograph, or the planned name of a generated picture"),
        Column("subject_id", TEXT, "of a photograph", nullable=True),
        _class,
        _origin,
        Column("split", TEXT, "of a photograph", nullable=True, allowed=SPLITS),
        Column("embedding", _floats, "of the face, length 1 for ArcFace, as dlib gives it for dlib", nullable=True),
        Column("look", BYTES, "the face, grey, 40 x 40, a byte a pixel (gate/likeness.py)", nullable=True),
        REASON,
    ),
    key=("image_id",),
)

IDENTITY = Schema(
    "identity",
    (
        _planned,
        _condition,
        Column("nearest_id", TEXT, "image_id of the nearest training photograph of the condition", nullable=True),
        Column("similarity", NUMBER, "with that one", nullable=True),
        Column("matches", pa.int32(), "training photographs at the threshold or above", low=0),
        Column("pairs", pa.int32(), "training photographs compared with", low=0),
        Column("likest_id", TEXT, "of the photograph, also a control's, that it looks like most", nullable=True),
        Column("likeness", NUMBER, "correlation with that one's look, at any place, mirrored too", nullable=True),
        Column("repeats", pa.bool_(), "likeness at the limit or above: a copy, whatever was done to it"),
        Column("quarantined", pa.bool_(), "a match, also with a control, a repeat, or what could not be compared"),
        REASON,
    ),
    key=("image_id",),
)

FEATURES = Schema(
    "features",
    (
        Column("image_id", TEXT, "of a photograph, or the planned name of a generated picture"),
        _class,
        _origin,
        Column("features", _floats, "of the Inception network", nullable=True),
        REASON,
    ),
    key=("image_id",),
)

DIFFERENCES = Schema(
    "differences",
    (
        Column("group", TEXT, "of generated pictures: before repair, after it, or all", allowed=(*CONDITIONS, "all")),
        Column("number", pa.int32(), "of the random pair of pictures in its group, from 0", low=0),
        Column("lpips", pa.float32(), "how different the pair is (tasks/synthesis/measures/diversity.py)", low=0),
    ),
    key=("group", "number"),
)

PROJECTIONS = Schema(
    "projections",
    (
        Column("image_id", TEXT, "of a photograph, or the planned name of a generated picture"),
        _class,
        _origin,
        Column("x", NUMBER, "first principal component of the face embeddings"),
        Column("y", NUMBER, "second principal component"),
    ),
    key=("image_id",),
)

CLASSIFIED = Schema(
    "classified",
    (
        Column("task", TEXT, "cleft before or after repair against control, or before against after", allowed=TASKS),
        IMAGE_ID,
        SUBJECT,
        Column("truth", pa.int8(), "1: cleft (unrepaired, lip_anomaly), after repair (pre_post)", low=0, high=1),
        Column("probability", NUMBER, "that it is 1, by a network trained on generated pictures", low=0, high=1),
    ),
    key=("task", "image_id"),
)
