"""Every measure, in the order in which tables and pages show them. Knows what each is, and computes nothing."""

from tasks.anthropometry.measures.cleft import CLEFT
from tasks.anthropometry.measures.eyes import EYES
from tasks.anthropometry.measures.face import FACE
from tasks.anthropometry.measures.measure import Measure
from tasks.anthropometry.measures.mouth import MOUTH
from tasks.anthropometry.measures.nose import NOSE
from tasks.anthropometry.measures.outlines import OUTLINED
from tasks.anthropometry.measures.symmetry import SYMMETRY

MEASURES: tuple[Measure, ...] = (*CLEFT, *OUTLINED, *SYMMETRY, *FACE, *EYES, *NOSE, *MOUTH)
BY_NAME = {measure.name: measure for measure in MEASURES}
REGIONS = {
    "cleft": "Lip and nose, side against side",
    "outlines": "Outlines, one side over the mirrored other",
    "symmetry": "Symmetry by reflection",
    "face": "Face",
    "eyes": "Eyes",
    "nose": "Nose",
    "mouth": "Mouth",
}
"""Each region's words, in the same order."""
