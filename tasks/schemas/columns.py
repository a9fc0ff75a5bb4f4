"""Columns that several tables have, and the words that they accept."""

import pyarrow as pa

from tasks.base.tables import Column

POPULATIONS = ("control", "repaired", "unrepaired")
SIDES = ("left", "right", "both")
AGE_GROUPS = ("baby", "child", "adult")
GENDERS = ("female", "male")
ASYMMETRIES = ("none", "slight", "marked")
SCARRINGS = ("none", "subtle", "visible")
PROFILES = ("left", "right")
AROUND = "around"
"""The view of one of a set of photographs, taken from several sides at one visit, for three dimensions."""
VIEWS = ("frontal", *PROFILES, AROUND)
"""Of a photograph of a face: from the front, or the side of the face that is seen."""
ROLES = ("medical", "lay")
SPLITS = ("train", "validation", "test")

TEXT, NUMBER, BYTES = pa.string(), pa.float64(), pa.binary()
NUMBERS = pa.list_(pa.float64())

IMAGE_ID = Column("image_id", TEXT, "sha256 of the file's bytes; of a frame: of its clip's id and its number")
SUBJECT = Column("subject_id", TEXT, "the person, as the data set names them")
POPULATION = Column("population", TEXT, "control, or a patient before or after repair", allowed=POPULATIONS)
CONTROL = Column("population", TEXT, "controls only: no patient ever trains a network", allowed=("control",))
CLIP = Column("clip_id", TEXT, "image_id of the clip a frame was taken from; null for a still", nullable=True)
FRAME = Column("frame_index", pa.int32(), "the frame's number in its clip, from 0", nullable=True, low=0)
REASON = Column("reason", TEXT, "why this was refused; null where it was not", nullable=True)
LEFT = Column("left", BYTES, "PNG of the patient's left half of the lips", "RGB", nullable=True)
RIGHT = Column("right", BYTES, "PNG of the patient's right half of the lips", "RGB", nullable=True)
REGION = Column("region", BYTES, "PNG of the levelled lip region", "RGB", nullable=True)
