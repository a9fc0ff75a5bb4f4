"""What `vermilion reconstruct` finds in photographs, kept until it ends, so that a killed run goes on by photograph.

In: a photograph, the numbers, and a folder. Out: its features, looked for or read again. They are keyed by the file's
content, the numbers and the code; a damaged file counts for nothing. The folder is its owner's, and gone at the end.
"""

import shutil
from pathlib import Path

from tasks.base import images, tables
from tasks.base.digests import code_digest, digest, file_digest
from tasks.ingest.faces.detection import find_face
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras
from tasks.schemas.surface import SURFACE_VIEWS
from tasks.surface.cameras import features
from tasks.surface.cameras.features import Features
from tasks.surface.photographs import each_photograph

NAME = ".looked"
"""Of the folder inside that of the pages."""


def looked_at(path: Path, keep: Path | None, *, detection: IngestLandmarks, settings: SurfaceCameras) -> Features:
    """The photograph's features. UnreadableImage says why it has none."""
    if keep is None:
        return _look(path, detection, settings)
    images.check_size(path)
    image_id = file_digest(path)
    key = digest([image_id, detection.model_dump(mode="json"), settings.model_dump(mode="json"), code_digest(features)])
    kept = keep / f"{key}.parquet"
    if (found := _kept(kept)) is not None:
        return found
    found = _look(path, detection, settings)
    keep.mkdir(mode=0o700, exist_ok=True)
    row = {"image_id": image_id, **each_photograph.as_row(found)}
    tables.write(SURFACE_VIEWS.table([row]), kept, SURFACE_VIEWS, provenance={"command": "vermilion reconstruct"})
    return found


def forget(keep: Path | None) -> None:
    """Take away what was kept."""
    if keep is not None:
        shutil.rmtree(keep, ignore_errors=True)


def _kept(path: Path) -> Features | None:
    if not path.exists():
        return None
    try:
        (row,) = tables.read(path, SURFACE_VIEWS).to_pylist()
        return each_photograph.of_row(row)
    except (ValueError, OSError):  # cut off, or not ours
        return None


def _look(path: Path, detection: IngestLandmarks, settings: SurfaceCameras) -> Features:
    image = images.read(path)
    face = find_face(image, detection)
    return features.features_of(image, None if face is None else face.box, settings=settings)
