"""docs/capture.png, from where photographs are taken: `python docs/make_capture.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from tasks.pages.figures import NEGATIVE, POSITIVE, RATED
from tasks.surface.capture.drawn import LOWER, RING, UPPER, plan

TARGET = Path(__file__).with_name("capture.png")
PLACES = (
    ("at the height of the eyes", np.arange(-90, 91, 15), RING, POSITIVE, "o"),
    ("from 25 degrees above", np.array([-40, 0, 40]), UPPER, RATED, "^"),
    ("from 25 degrees below", np.array([-40, 0, 40]), LOWER, NEGATIVE, "v"),
)

if __name__ == "__main__":
    TARGET.write_bytes(plan(PLACES))
