"""Cameras and points from matched features: COLMAP's incremental structure from motion, offline and repeatable.

In: features on the head, their matches, a focal length or a calibrated lens where one is known. Out: the largest model,
its cameras still with their lens's distortion. COLMAP reads a database, so one is filled in a folder that is gone
afterwards; it holds numbers, no picture and no name. Schönberger and Frahm 2016, Structure-from-motion revisited.
"""

import copy
import math
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.params.surface import SurfaceCameras
from tasks.surface.cameras.calibration import Lens, Told
from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.features import Features, quiet
from tasks.surface.cameras.matching import Pairs

LEAST_FREE = 3
"""Photographs of one camera from which its lens's distortion is solved; of fewer it is taken for none."""


class Doubt(NamedTuple):
    """A calibrated focal length, the one that fits the photographs better, and how many times the error it leaves."""

    given: float  # px
    fitted: float  # px
    times: float


class Model(NamedTuple):
    """What COLMAP made of a set; of photographs by their place in `names`."""

    names: list[str]
    inliers: dict[tuple[str, str], int]  # matches of every pair that fit one rigid motion
    found: "pycolmap.Reconstruction | None"  # None where no two photographs could be placed
    others: list[list[str]]  # photographs of further models, which share too little with the first
    doubts: Mapping[str, Doubt] = {}  # by photograph with a held lens that the others do not bear out

    def placed(self) -> dict[str, "pycolmap.Image"]:
        """The photographs that have a camera."""
        if self.found is None:
            return {}
        return {self.names[number - 1]: self.found.image(number) for number in sorted(self.found.reg_image_ids())}


def mapped(
    seen: Mapping[str, Features],
    pairs: Pairs,
    focals: Mapping[str, Told],  # px of the photograph, or its lens; None where unknown
    *,
    settings: SurfaceCameras,
) -> Model:
    """The model of these photographs. The same bytes for the same seed and number of threads."""
    names = sorted(seen)
    cameras = cameras_of(seen, focals, settings=settings)
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "matches.db"
        inliers = _fill(path, names, seen, pairs, cameras, settings)
        pycolmap.set_random_seed(settings.seed)
        models = pycolmap.incremental_mapping(path, folder, folder, _options(cameras, settings))
    if not models:
        return Model(names, inliers, None, [])
    ranked = sorted(models.values(), key=lambda model: (-model.num_reg_images(), -model.num_points3D()))
    others = [[names[number - 1] for number in sorted(model.reg_image_ids())] for model in ranked[1:]]
    held = {cameras[name].camera_id for name in names if settings.hold_calibrated and isinstance(focals[name], Lens)}
    found = _refined(ranked[0], held, settings)
    return Model(names, inliers, found, others, _doubts(found, held, names, settings))


def cameras_of(
    seen: Mapping[str, Features], focals: Mapping[str, Told], *, settings: SurfaceCameras
) -> dict[str, "pycolmap.Camera"]:
    """The camera of every photograph; those of one size and focal length, or lens, share one, numbered from 1."""
    keys = {name: _kind(seen[name], focals[name]) for name in sorted(seen)}
    of_kind = Counter(keys.values())
    made: dict[Kind, pycolmap.Camera] = {}
    for name, key in keys.items():
        if key in made:
            continue
        width, height, _ = key
        focal = focals[name]
        if isinstance(focal, Lens):
            given = {"model": focal.model, "width": width, "height": height, "params": list(focal.params)}
            made[key] = pycolmap.Camera(camera_id=len(made) + 1, **given)
            made[key].has_prior_focal_length = True
            continue
        start = settings.guessed_focal * max(width, height) if focal is None else focal
        model = pycolmap.CameraModelId.SIMPLE_RADIAL
        if of_kind[key] < LEAST_FREE:
            model = pycolmap.CameraModelId.SIMPLE_PINHOLE
        made[key] = pycolmap.Camera.create_from_model_id(len(made) + 1, model, start, width, height)
        made[key].has_prior_focal_length = focal is not None
    return {name: made[key] for name, key in keys.items()}


Kind = tuple[int, int, int | Lens | None]
"""What photographs of one camera have in common."""


def _kind(features: Features, focal: Told) -> Kind:
    return features.width, features.height, round(focal) if isinstance(focal, float) else focal


def _fill(
    path: Path,
    names: list[str],
    seen: Mapping[str, Features],
    pairs: Pairs,
    cameras: Mapping[str, "pycolmap.Camera"],
    settings: SurfaceCameras,
) -> dict[tuple[str, str], int]:
    """Write COLMAP's database; the number of matches of each pair that fit one motion."""
    inliers = {}
    with pycolmap.Database.open(path) as database:
        for camera in {camera.camera_id: camera for camera in cameras.values()}.values():
            database.write_camera(camera, use_camera_id=True)
            rig = pycolmap.Rig(rig_id=camera.camera_id)
            rig.add_ref_sensor(camera.sensor_id)
            database.write_rig(rig, use_rig_id=True)
        for number, name in enumerate(names, 1):
            camera = cameras[name]
            image = pycolmap.Image(name=f"{number:05d}", camera_id=camera.camera_id, image_id=number)
            database.write_image(image, use_image_id=True)
            frame = pycolmap.Frame(frame_id=number, rig_id=camera.camera_id)
            frame.add_data_id(image.data_id)
            database.write_frame(frame, use_frame_id=True)
            database.write_keypoints(number, _theirs(seen[name].keypoints))
        for (one, other), matches in sorted(pairs.items()):
            geometry = two_views(cameras[one], seen[one], cameras[other], seen[other], matches, settings=settings)
            inliers[one, other] = len(geometry.inlier_matches)
            if len(geometry.inlier_matches) >= settings.least_inliers:
                numbers = names.index(one) + 1, names.index(other) + 1
                database.write_matches(*numbers, matches.astype(np.uint32))
                database.write_two_view_geometry(*numbers, geometry)
    return inliers


def two_views(
    first: "pycolmap.Camera",
    one: Features,
    second: "pycolmap.Camera",
    other: Features,
    matches: np.ndarray,  # (M, 2)
    *,
    settings: SurfaceCameras,
) -> "pycolmap.TwoViewGeometry":
    """The motion between two photographs that most of their matches fit."""
    options = pycolmap.TwoViewGeometryOptions()
    options.min_num_inliers = settings.least_inliers
    options.ransac.max_error = settings.error_px * scale_of(one, settings)
    options.ransac.random_seed = settings.seed
    options.filter_stationary_matches = True  # a wall before which the head turns stays where it is
    points = [_theirs(features.keypoints).astype(np.float64) for features in (one, other)]
    return pycolmap.estimate_two_view_geometry(first, points[0], second, points[1], matches.astype(np.uint32), options)


def scale_of(features: Features, settings: SurfaceCameras) -> float:
    """Pixels of the photograph per pixel of the picture in which features were looked for; at least 1."""
    return max(max(features.width, features.height) / settings.side, 1.0)


def _theirs(keypoints: np.ndarray) -> np.ndarray:
    """Places (N, 2) as COLMAP counts pixels: the first one's centre is (.5, .5)."""
    return np.asarray(keypoints[:, :2] + 0.5)


def _options(
    cameras: Mapping[str, "pycolmap.Camera"], settings: SurfaceCameras
) -> "pycolmap.IncrementalPipelineOptions":
    """While the set grows a known focal length is held and no lens bends: few photographs would bend it anyhow."""
    options = pycolmap.IncrementalPipelineOptions()
    options.random_seed = settings.seed
    options.num_threads = settings.threads
    options.extract_colors = False
    options.min_model_size = 3
    options.min_num_matches = settings.least_inliers
    options.ba_refine_extra_params = False
    options.constant_cameras = {camera.camera_id for camera in cameras.values() if camera.has_prior_focal_length}
    options.mapper.constant_cameras = options.constant_cameras
    options.mapper.abs_pose_refine_extra_params = False
    options.mapper.random_seed = settings.seed
    options.mapper.num_threads = settings.threads
    options.mapper.init_min_tri_angle = 8.0
    options.mapper.init_min_num_inliers = 50
    options.mapper.abs_pose_min_num_inliers = settings.least_pose_inliers
    options.triangulation.random_seed = settings.seed
    return options


def _refined(
    model: "pycolmap.Reconstruction", held: Collection[int], settings: SurfaceCameras
) -> "pycolmap.Reconstruction":
    """All cameras and points once more, now with every focal length and distortion free but those `held`; large errors
    weigh less.
    """
    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.solver_options.num_threads = settings.threads
    config = pycolmap.BundleAdjustmentConfig()
    for image in sorted(model.reg_image_ids()):
        config.add_image(image)
    for number in sorted(held):
        config.set_constant_cam_intrinsics(number)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    with quiet():  # pycolmap.bundle_adjustment is not
        pycolmap.create_default_bundle_adjuster(options, config, model).solve()
    return model


def _doubts(
    model: "pycolmap.Reconstruction", held: Collection[int], names: list[str], settings: SurfaceCameras
) -> dict[str, Doubt]:
    """Held lenses that leave clearly larger errors than the same set with them freed, by photograph."""
    if not held:
        return {}
    free = _refined(copy.deepcopy(model), (), settings)
    doubts = {}
    for number in sorted(held):
        own, other = (float(one.camera(number).mean_focal_length()) for one in (model, free))
        times = _error(model, number) / max(_error(free, number), 1e-12)
        if times > settings.most_doubt and abs(math.log(other / own)) > FOCAL:
            doubts[number] = Doubt(own, other, times)
    images = {number: model.image(number).camera_id for number in sorted(model.reg_image_ids())}
    return {names[number - 1]: doubts[camera] for number, camera in images.items() if camera in doubts}


FOCAL = 0.02
"""By this share a focal length must differ, for its calibration to be doubted: the rest may be the distortion's."""


def _error(model: "pycolmap.Reconstruction", camera: int) -> float:
    """What bundle adjustment makes small: the mean of log(1 + squared error in px) in a camera's photographs."""
    errors = []
    for number in sorted(model.reg_image_ids()):
        image = model.image(number)
        for seen in image.points2D if image.camera_id == camera else ():
            if seen.has_point3D():
                shown = image.project_point(model.point3D(seen.point3D_id).xyz)
                errors.append(np.inf if shown is None else float(np.sum((shown - seen.xy) ** 2)))
    finite = [error for error in errors if np.isfinite(error)]
    return float(np.mean(np.log1p(finite))) if finite else 0.0
