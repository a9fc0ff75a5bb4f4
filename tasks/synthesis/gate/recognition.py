"""A face as numbers that tell people apart: ArcFace by ONNX, or dlib's network.

In: a picture. Out: its surest face's embedding and look (gate/likeness.py), or None. Rosero et al. 2025,
DiffusionCleft, section 4.3.1 (InsightFace w600k_r50, ArcFace); the five points that it is aligned by come from dlib's
68. Both networks run on the CPU in one thread: the same picture gives the same bytes. Knows nothing of thresholds or
tables.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import dlib
import numpy as np
import onnxruntime

from tasks.base import weights as registry
from tasks.base.weights import WeightsError
from tasks.ingest.faces.detection import resized
from tasks.params.ingest import LandmarkModel
from tasks.params.synthesis import SynthesisIdentity
from tasks.synthesis.gate import likeness
from tasks.synthesis.gate.screening import enlarged, find

MOST = 1024
"""Longer side at which a face is looked for, pixels; larger pictures are reduced."""
SIDE, LENGTH = 112, 512
"""ArcFace's input, pixels, and output, numbers."""
TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Where ArcFace wants eyes, nose tip and mouth corners in its 112 x 112 pixels."""

Network = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A picture and its 68 points to the embedding (D,)."""


@dataclass(frozen=True)
class Face:
    """What the gate knows of a face."""

    embedding: np.ndarray
    """(512,) of length 1 (arcface) or (128,) (dlib)."""
    look: np.ndarray
    """(S, S) uint8: the face, grey and small (tasks.synthesis.gate.likeness)."""


def face_of(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    *,
    settings: SynthesisIdentity,
    weights: str,
    model: LandmarkModel,
) -> Face | None:
    """The surest face; None where no face is found.

    A picture of fewer pixels than twice `settings.side` is looked at once more at that size where none is found.
    """
    network = _arcface(weights) if settings.network == "arcface" else _dlib()
    shown = resized(picture, min(1.0, MOST / max(picture.shape[:2])))
    for seen in _sizes(shown, settings.side):
        points = find(seen, model=model, min_score=0.0, second_face_score=math.inf).points
        if points is not None:
            return Face(network(seen, points), _look(seen, points))
    return None


def _look(picture: np.ndarray, points: np.ndarray) -> np.ndarray:  # (S, S) uint8
    narrow = likeness.SIDE - 2 * likeness.FRAME
    smaller = min(1.0, SIDE / float(np.ptp(points[:, 0])))  # reduced by areas, not by single pixels
    face = aligned(
        resized(picture, smaller),
        points * smaller,
        zoom=likeness.ZOOM * narrow / likeness.SIDE,
        border=cv2.BORDER_REPLICATE,
    )
    soft = cv2.GaussianBlur(face, (0, 0), SIDE / narrow / 2)
    small = cv2.resize(soft, (likeness.SIDE, likeness.SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small.mean(axis=2).round().astype(np.uint8))


def _sizes(picture: np.ndarray, side: int) -> Iterator[np.ndarray]:
    yield enlarged(picture, side)
    if max(picture.shape[:2]) < 2 * side:
        yield enlarged(picture, 2 * side)


def aligned(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
    *,
    zoom: float = 1.0,
    border: int = cv2.BORDER_CONSTANT,
) -> np.ndarray:
    """The face turned, scaled and moved (least squares, unmirrored) to ArcFace's template: (112, 112, 3) uint8 RGB.

    It stands `zoom` times as large as there, about its middle. `border`: OpenCV's, of what the picture lacks.
    """
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    five = np.array([*eyes, points[30], points[48], points[54]])
    wanted_at = (TEMPLATE - SIDE / 2) * zoom + SIDE / 2
    source, target = five @ [1, 1j], wanted_at @ [1, 1j]
    centred, wanted = source - source.mean(), target - target.mean()
    turn = (centred.conj() @ wanted) / (np.abs(centred) ** 2).sum()
    shift = target.mean() - turn * source.mean()
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    picture, size = np.ascontiguousarray(picture), (SIDE, SIDE)
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border))


@cache
def _dlib() -> Network:
    model = dlib.face_recognition_model_v1(str(registry.verified("dlib_face_embedding", Path())))

    def network(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        low, high = points.min(axis=0).round().astype(int), points.max(axis=0).round().astype(int)
        parts = [dlib.point(int(x), int(y)) for x, y in points.round()]
        shape = dlib.full_object_detection(dlib.rectangle(*low.tolist(), *high.tolist()), parts)
        return np.array(model.compute_face_descriptor(np.ascontiguousarray(picture), shape), np.float32)

    return network


@cache
def _arcface(folder: str) -> Network:
    """WeightsError: the file is missing, is not the recorded one, or is no network of this kind."""
    name = "arcface_w600k_r50"
    return onnx_network(registry.read(name, Path(folder)), source=name)


def onnx_network(content: bytes, *, source: str) -> Network:
    """ArcFace from an ONNX file's bytes; WeightsError names `source` where they are none, or of other shapes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds share no base class of its own
        raise WeightsError(f"{source}: onnxruntime cannot open it: {error}") from error
    _check_shapes(session, source)
    name = session.get_inputs()[0].name

    def network(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        face = (aligned(picture, points).astype(np.float32) - 127.5) / 127.5
        found = session.run(None, {name: face.transpose(2, 0, 1)[None]})[0][0].astype(np.float64)
        with np.errstate(invalid="ignore"):  # nothing of length 0 is a face: no number, which is a reason
            return np.asarray(found / np.linalg.norm(found), np.float32)

    return network


def _check_shapes(session: onnxruntime.InferenceSession, source: str) -> None:
    """One picture (1 or any, 3, 112, 112) in, one embedding (1 or any, 512) out; what has no number fits."""
    for what, found, wanted in (
        ("takes", session.get_inputs(), (1, 3, SIDE, SIDE)),
        ("gives", session.get_outputs(), (1, LENGTH)),
    ):
        shapes = [list(one.shape) for one in found]
        fits = len(shapes) == 1 and len(shapes[0]) == len(wanted)
        numbers = zip(shapes[0], wanted, strict=True) if fits else ()
        if not fits or any(isinstance(one, int) and one != right for one, right in numbers):
            raise WeightsError(f"{source}: {what} {shapes}, not {list(wanted)}; it is another network")
