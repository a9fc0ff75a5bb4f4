"""The numbers of the face in three dimensions."""

from typing import Literal

from pydantic import Field

from tasks.params import Block


class SurfaceCameras(Block):
    """Structure from motion from the photographs of one visit (tasks.surface.cameras.solving)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="of the solver; the same number gives the same bytes")
    side: int = Field(ge=256, description="longer side of the picture in which features are looked for, pixels")
    most_features: int = Field(ge=100, description="per photograph, the largest first")
    peak_threshold: float = Field(gt=0, le=1, description="contrast below which nothing is a feature, 0..1")
    ratio: float = Field(gt=0, lt=1, description="of a match's distance to the second nearest one's: above it, none")
    all_pairs: int = Field(ge=2, description="photographs up to which all are matched with all")
    partners: int = Field(ge=2, description="in a larger set: with how many each is matched, the most alike")
    error_px: float = Field(gt=0, description="most distance of a match from its place, pixels of that picture")
    least_inliers: int = Field(ge=8, description="matches of two photographs that fit one motion; fewer are chance")
    hold_calibrated: bool = Field(description="lenses of cameras.csv stay as given; false: they are where it begins")
    most_doubt: float = Field(gt=1, description="times the error that a held lens may leave of that with it freed")
    guessed_focal: float = Field(ge=0.2, le=20, description="where EXIF says none, of the longer side")
    least_pose_inliers: int = Field(ge=6, description="points by which a photograph is placed among the others")
    least_sharpness: float = Field(ge=0, le=1, description="gradient energy that a small blur takes away")
    least_sharpness_of_median: float = Field(ge=0, le=1, description="... of the set's median")
    least_views: int = Field(ge=3, description="photographs that must be placed")
    least_share: float = Field(ge=0, le=1, description="... of those that are fit to be")
    least_span: float = Field(ge=0, le=360, description="degrees round the head between the outermost photographs")
    widest_gap: float = Field(gt=0, le=180, description="degrees from a photograph to its nearest neighbour")
    most_moved: float = Field(ge=0, le=1, description="matches between halves of a set that fit no rigid head, more")
    moved_px: float = Field(gt=0, description="a match is off its place from here, pixels of the features' picture")
    moved_reach: float = Field(gt=0, description="... and up to here it is the same place moved, of the head's size")


class SurfaceScale(Block):
    """Millimetres per unit of a solved set (tasks.surface.scale.millimetres)."""

    error_px: float = Field(gt=0, description="standard error of a point that was clicked or found in a photograph")
    most_flat: float = Field(gt=1, description="how much worse a point may be known along the rays than across")
    iris_mm: float = Field(ge=8, le=16, description="mean visible width of adults' irises")
    iris_sd_mm: float = Field(gt=0, le=2, description="standard deviation of irises' widths")
    iris_bias: float = Field(ge=0, le=0.5, description="by which models read irises wide or narrow, as a share")
    calliper_mm: float = Field(
        gt=0, le=10, description="standard error of a distance that somebody measured on the person"
    )
    read: dict[str, float] = Field(
        description="mm: standard error of a point as models of landmarks read it, by name without side"
    )


class SurfaceDense(Block):
    """From views to a surface (tasks.surface.dense.from_known_cameras). Lengths in millimetres of the face."""

    dense: Literal["stereo", "patch_match", "auto"] = Field(
        description="pairs on the processor, COLMAP's on a GPU, or that where pycolmap has CUDA"
    )
    radius: float = Field(gt=0, description="of the ball in which a surface is looked for")
    step: float = Field(gt=0, description="of the surface per pixel, when pairs are matched")
    least_angle: float = Field(ge=0, lt=90, description="degrees between two views that are matched")
    most_angle: float = Field(gt=0, lt=90, description="degrees between two views that are matched")
    partners: int = Field(ge=1, description="views with which each is matched, the nearest first")
    contrast: float = Field(gt=0, description="pixels around which contrast is made even")
    window: int = Field(ge=1, description="side of the matched blocks, pixels; odd")
    consistency: float = Field(gt=0, description="pixels by which there and back may differ")
    again: float = Field(
        ge=0, description="pixels: so far smoothed, what was matched is the ground of another matching; 0: none"
    )
    slant: float = Field(gt=0, lt=90, description="degrees at most between a view's ray and the surface's direction")
    voxel: float = Field(gt=0, description="side of the cells in which pairs agree")
    agreeing: int = Field(ge=1, description="pairs that must have found a cell")
    octree: int = Field(ge=5, le=10, description="depth of Poisson's octree: cells are the points' extent by 2 to it")
    point_weight: float = Field(ge=0, description="how much Poisson's surface heeds the points, against smoothness")
    fill: float = Field(gt=0, description="farther from every point no surface is made up")
    frontal: float = Field(ge=0, description="power of the cosine by which frontal photographs colour more")


class MidPlane(Block):
    """How the mid-sagittal plane is found (tasks.surface.geometry.mid_plane). Lengths in mm."""

    reach: float = Field(gt=0, description="from the middle of the points: what lies further is no face")
    fewest: int = Field(ge=6, description="vertices within reach; fewer are no face")
    most: int = Field(ge=100, description="vertices that are mirrored, about; evenly taken")
    steps: int = Field(ge=1, description="rounds at most")
    first_gate: float = Field(gt=0, description="how far a counterpart may lie in the first round")
    last_gate: float = Field(gt=0, description="and in the last ones")
    shrink: float = Field(gt=0, lt=1, description="of the one towards the other, a round")
    settled: float = Field(gt=0, description="change of the plane at which it stays, 100 mm from its point")
    least_cosine: float = Field(ge=0, lt=1, description="of the angle between a place and its counterpart")
    trimmed: float = Field(ge=0, lt=1, description="share of the pairs that is left out, the worst")
    tolerance: float = Field(gt=0, description="deviations beyond which a pair has no weight (Tukey's biweight)")
    least_scale: float = Field(gt=0, description="of a deviation: pairs closer than this fit alike")
    least_shared: float = Field(ge=0, le=1, description="share of the surface that must fit, for a plane to be given")


class Asymmetry(Block):
    """How a surface is held against its mirror image (tasks.surface.geometry.asymmetry). Lengths in mm."""

    furthest: float = Field(gt=0, description="beyond this a place has no counterpart")
    least_cosine: float = Field(ge=0, lt=1, description="of the angle between a place and its counterpart")
    least_seen: float = Field(ge=0, le=1, description="share of a region seen on both sides; below it nothing is said")


class HeadPoints(Block):
    """Where a head's named points lie (tasks.surface.points.from_photographs). Lengths in mm, angles in degrees."""

    least_score: float = Field(ge=-3, le=5, description="of dlib's detector; photographs below it show no point")
    both_models: bool = Field(description="whether dlib's points count beside the 478")
    crop: float = Field(gt=1, description="side of the 478-point model's picture over the longer one of the 68 points")
    crop_raised: float = Field(description="how much higher its middle lies than theirs, share of its side")
    most_yaw: float = Field(
        gt=0, le=180, description="of a photograph, from the front; beyond it points are not trusted"
    )
    far_yaw: float = Field(ge=0, le=180, description="the same for a point of the other side")
    least_views: int = Field(ge=2, description="photographs that must agree")
    least_angle: float = Field(gt=0, le=180, description="between two rays that propose a place")
    gate: float = Field(gt=0, description="how far a ray may pass by a place it agrees with")
    noise: float = Field(gt=0, description="standard deviation of a ray at least")
    snap: float = Field(gt=0, description="how far the surface may lie from where the rays meet")
    seen: dict[str, float] = Field(description="half-width of an interval at least, by name without side")
    reach: float = Field(gt=0, description="how far a point may lie, by its definition, from where it was seen")
    smoothing: int = Field(ge=0, description="rounds of averaging neighbours before a definition is applied")
    told: dict[str, float] = Field(description="the same of a point by its definition")
    hand: float = Field(gt=0, description="the same of a point that a person placed")
    lean: float = Field(gt=-45, lt=45, description="by how much eye corners lie behind the mouth's in an upright head")


class Measures(Block):
    """How measures get their intervals (tasks.surface.measures.measuring)."""

    seed: int = Field(ge=0, description="of the points' random moves")
    of_points: int = Field(ge=0, description="times that a measure between points is taken again; 0: no intervals")
    of_surface: int = Field(ge=0, description="the same of one that is read off the surface")


class Filling(Block):
    """How a template fills what no photograph saw (tasks.surface.dense.filling). Lengths in mm."""

    use: bool = Field(description="false: holes stay holes")
    reach: float = Field(gt=0, description="how far a counterpart on the surface may lie")
    mixture: float = Field(gt=0, description="how much its own shapes are held back, of a mm squared")
    least: float = Field(gt=0, description="from the surface, for a place of the template to lie in a hole")
    margin: float = Field(ge=0, description="around the points of the face: where holes are filled")
    smallest: int = Field(ge=1, description="vertices of the template that a hole must hold to be filled")


class SurfaceReconstruct(Block):
    """From cameras to a face that stands upright (tasks.surface.reconstructing)."""

    side: int = Field(ge=256, description="longer side of the photographs that the surface is made of, pixels")
    most_expression: float = Field(gt=0, le=50, description="mm by which mouth or brows may move between photographs")
    margin: float = Field(gt=0, description="mm around the points of the face: where the mid-plane is looked for")
    aside: float = Field(gt=0, description="mm to the sides of them and behind them that are kept, for cheeks and ears")
    scale: SurfaceScale
    dense: SurfaceDense
    points: HeadPoints
    plane: MidPlane
    filling: Filling


class SurfaceMeasure(Block):
    """Asymmetry and measures of a head in three dimensions, and its pictures (tasks.surface.measuring_faces)."""

    asymmetry: Asymmetry
    measures: Measures
    picture: int = Field(ge=64, le=2000, description="height of the pictures in the report and on the page, pixels")
