"""The numbers with which the tests measure heads in three dimensions."""

from tasks import params
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import Asymmetry, HeadPoints, Measures, MidPlane

PLANE = MidPlane(
    reach=110,
    fewest=500,
    most=3000,
    steps=60,
    first_gate=15,
    last_gate=4,
    shrink=0.8,
    settled=0.005,
    least_cosine=0.7,
    trimmed=0.15,
    tolerance=3,
    least_scale=0.2,
    least_shared=0.3,
)
ASYMMETRY = Asymmetry(furthest=20, least_cosine=0.5)
POINTS = HeadPoints(
    least_score=0.0,
    both_models=True,
    crop=1.5,
    crop_raised=0.05,
    most_yaw=50,
    far_yaw=20,
    least_views=3,
    least_angle=8,
    gate=3,
    noise=0.5,
    clear=(6, 1),
    vague=(15, 4),
    reach=10,
    smoothing=5,
    told=1.5,
    hand=0.5,
    lean=10,
)
MEASURES = Measures(seed=1, of_points=50, of_surface=2)
DETECTION = params.load(IngestLandmarks, "ingest_landmarks")
