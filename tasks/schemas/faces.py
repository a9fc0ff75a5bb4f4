"""Tables of faces that several systems look at."""

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import BYTES, IMAGE_ID, NUMBER, NUMBERS, POPULATION, REASON, SUBJECT

ALIGNED = Schema(
    "aligned",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        Column("picture", BYTES, "PNG of the levelled, scaled and cropped face", "RGB", nullable=True),
        Column(
            "to_original", NUMBERS, "2x3 matrix by rows: pixel of the picture to pixel of the original", nullable=True
        ),
        Column("points", NUMBERS, "the 68 points in the picture", "px of the picture", nullable=True),
        Column("face_share", NUMBER, "of the picture that the face covers", nullable=True, low=0, high=1),
        Column("outside_share", NUMBER, "of the picture that lay outside the photograph", nullable=True, low=0, high=1),
        REASON,
    ),
    key=("image_id",),
)
