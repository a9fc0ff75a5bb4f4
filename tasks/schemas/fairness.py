"""Tables of the stages that ask what a measure must not follow."""

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import IMAGE_ID, NUMBER, POPULATION, REASON, SUBJECT

APPEARANCE = Schema(
    "appearance",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        Column("skin_lightness", NUMBER, "lightness of the cheeks, mean of both medians", "L*", nullable=True, low=0),
        Column(
            "light", NUMBER, "lightness of the whites of the eyes: how bright the light is", "L*", nullable=True, low=0
        ),
        Column("uneven_light", NUMBER, "difference of lightness of the two cheeks", "L*", nullable=True, low=0),
        Column("hair_darkness", NUMBER, "100 less the lightness above the forehead", "L*", nullable=True, low=0),
        REASON,
    ),
    key=("image_id",),
)
