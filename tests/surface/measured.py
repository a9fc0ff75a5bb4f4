"""The numbers with which the tests measure heads in three dimensions: the pipeline's, but for fewer repetitions."""

from flows import PROJECT
from tasks import params
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import Measures, SurfaceMeasure, SurfaceReconstruct

NUMBERS = PROJECT / "params.yaml"
DETECTION = params.load(IngestLandmarks, "ingest_landmarks", NUMBERS)
_MADE = params.load(SurfaceReconstruct, "surface_reconstruct", NUMBERS)
PLANE, POINTS = _MADE.plane, _MADE.points
MEASURING = params.load(SurfaceMeasure, "surface_measure", NUMBERS)
ASYMMETRY = MEASURING.asymmetry
MEASURES = Measures(seed=1, of_points=50, of_surface=2)
