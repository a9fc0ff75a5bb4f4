"""Every measure of a head in three dimensions, in the order of tables and pages. Computes nothing."""

from tasks.surface.measures.eyes import EYES
from tasks.surface.measures.face import FACE
from tasks.surface.measures.measure import Measure
from tasks.surface.measures.mouth import MOUTH
from tasks.surface.measures.nose import NOSE
from tasks.surface.measures.surfaces import SURFACE

MEASURES: tuple[Measure, ...] = (*SURFACE, *NOSE, *MOUTH, *FACE, *EYES)
BY_NAME = {measure.name: measure for measure in MEASURES}
REGIONS = {
    "surface": "Surface: evenness, curves, areas, volumes",
    "nose": "Nose",
    "mouth": "Mouth",
    "face": "Face",
    "eyes": "Eyes",
}
"""Each region's words, in the same order."""
