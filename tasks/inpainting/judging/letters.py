"""What a sheet, its form and its key have in common: columns, answers, and what a letter of a patient stands for.

Knows neither pictures nor files (tasks.inpainting.judging.sheet writes them, tasks.inpainting.judging.votes reads them
back).
"""

import string
from dataclasses import dataclass, fields

FORM_COLUMNS = ("sheet", "patient", "letter", "valid", "rank")
LETTERS = string.ascii_uppercase
ANSWERS = ("yes", "no")


@dataclass(frozen=True)
class Result:
    """A line of the key: which method and photograph a letter of a patient is. `picture`: digest of its pixels."""

    sheet: str
    rater_id: str
    patient: int
    letter: str
    method: str
    image_id: str
    picture: str


KEY_COLUMNS = tuple(field.name for field in fields(Result))
