"""CHAPTERS: the one list of systems in Python, in the order in which the report shows them."""

from tasks.evaluation.anomaly import chapter as anomaly
from tasks.evaluation.anthropometry import chapter as anthropometry
from tasks.evaluation.fairness import chapter as fairness
from tasks.evaluation.inpainting import chapter as inpainting
from tasks.evaluation.surface import chapter as surface
from tasks.evaluation.symmetry import chapter as symmetry
from tasks.evaluation.synthesis import chapter as synthesis
from tasks.evaluation.system import System

CHAPTERS: tuple[System, ...] = (symmetry, anomaly, synthesis, inpainting, anthropometry, surface, fairness)
