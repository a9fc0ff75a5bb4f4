"""Every photograph of a set by itself: its features, its face, its focal length. What the stage surface_views computes.

In: rows of IMAGES. Out: SURFACE_VIEWS; a photograph that cannot be read keeps its reason. A set that was interrupted
goes on by photograph, because each has its own result. Does not know the other photographs.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base.images import UnreadableImage
from tasks.ingest.faces.detection import find_face
from tasks.ingest.faces.pixels import loader
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras
from tasks.schemas.ingest import FRAMES
from tasks.schemas.surface import SURFACE_VIEWS
from tasks.surface.cameras.features import Features, features_of
from tasks.surface.cameras.lens import lens_of


def look_at(images: pa.Table, *, detection: IngestLandmarks, settings: SurfaceCameras) -> pa.Table:
    """SURFACE_VIEWS of a bucket's photographs."""
    load = loader(images, FRAMES.table([]))
    rows = []
    for row in images.select(["image_id", "path"]).to_pylist():
        try:
            image = load(row["image_id"])
        except UnreadableImage as error:
            rows.append({"image_id": row["image_id"], "reason": str(error)})
            continue
        face = find_face(image, detection)
        features = features_of(image, None if face is None else face.box, settings=settings)
        rows.append({"image_id": row["image_id"], "focal_px": lens_of(Path(row["path"])).focal, **as_row(features)})
    return SURFACE_VIEWS.table(rows)


def as_row(features: Features) -> dict[str, Any]:
    """Features as a row keeps them."""
    return {
        "width": features.width,
        "height": features.height,
        "sharpness": features.sharpness,
        "face": None if features.face is None else features.face.tolist(),
        "keypoints": features.keypoints.tobytes(),
        "descriptors": features.descriptors.tobytes(),
    }


def of_row(row: dict[str, Any]) -> Features:
    """The features that a row keeps."""
    return Features(
        np.frombuffer(row["keypoints"], np.float32).reshape(-1, 4),
        np.frombuffer(row["descriptors"], np.uint8).reshape(-1, 128),
        row["width"],
        row["height"],
        None if row["face"] is None else np.asarray(row["face"]),
        row["sharpness"],
    )
