"""Surfaces as files: .ply, .glb and .stl are written, and these and .obj are read, of scanners too.

In: a surface in millimetres, or a file. Out: the file, readable to its owner alone, or the surface. Nothing of the
photographs but colours goes into a file: no names, no dates. A .ply also tells which vertices a photograph saw
(`seen`); an .stl has neither that nor colours. A .glb is in metres, as glTF asks; the others are in millimetres, which
their formats cannot say, so that a scan of another unit is known by its size alone.
Does not follow references to other files (an .obj's materials), nor Draco compression.
"""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from tasks.base.tables import replacing
from tasks.errors import InputError
from tasks.space.views import Surface

WRITTEN, READ = (".ply", ".glb", ".stl"), (".ply", ".glb", ".stl", ".obj")
METRES = 0.001
MOST_BYTES, MOST_TRIANGLES = 400_000_000, 4_000_000
SMALLEST, LARGEST = 50.0, 1000.0
"""Millimetres: the longest side of what can be a face, a head or a bust."""
GREY = 180


def write(surface: Surface, path: Path) -> None:
    """The surface as the file that the suffix names, mode 600, whole or not at all. InputError: another suffix."""
    suffix = path.suffix.lower()
    if suffix not in WRITTEN:
        raise InputError(f"{path}: surfaces are written as {', '.join(WRITTEN)}")
    content = packed(surface, suffix)
    with replacing(path, size=len(content)) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)


def packed(
    surface: Surface,
    suffix: str,  # one of WRITTEN
) -> bytes:
    """The bytes of the file; the same for the same surface."""
    mesh = trimesh.Trimesh(
        surface.vertices * (METRES if suffix == ".glb" else 1.0),
        surface.faces,
        vertex_colors=np.column_stack([surface.colours, np.full(len(surface.colours), 255, np.uint8)]),
        process=False,
    )
    if suffix == ".ply":
        mesh.vertex_attributes["seen"] = surface.seen.astype(np.uint8)
    made = mesh.export(file_type=suffix[1:])
    return made if isinstance(made, bytes) else str(made).encode()


def read(path: Path) -> Surface:
    """The surface in a file, mm. InputError names the file and says what is accepted.

    Colours are grey where the file has none; every vertex counts as seen unless a .ply says otherwise.
    """
    suffix = path.suffix.lower()
    if suffix not in READ:
        raise InputError(f"{path}: surfaces are read from {', '.join(READ)}")
    content = _content(path)
    triangles = _told(content, suffix)
    if triangles > MOST_TRIANGLES:
        raise InputError(f"{path}: {triangles:,} triangles; at most {MOST_TRIANGLES:,} are read; export a coarser mesh")
    mesh = _mesh(path, content, suffix)
    vertices = np.asarray(mesh.vertices, dtype=np.float64) / (METRES if suffix == ".glb" else 1.0)
    faces = np.asarray(mesh.faces, dtype=np.int64)
    _check(path, vertices, faces)
    colours, seen = _colours(mesh), _seen(mesh, len(vertices))
    return Surface(vertices, faces.astype(np.int32), colours, seen)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path}: {size:,} bytes; at most {MOST_BYTES:,} are read; export a coarser mesh")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _told(content: bytes, suffix: str) -> int:
    """How many triangles the file says it has, before they are read; 0 where only reading tells."""
    if suffix == ".ply":
        head = content[:4096].partition(b"end_header")[0].decode("ascii", "replace").split("\n")
        told = [line.split()[2] for line in head if line.startswith("element") and len(line.split()) == 3]
        return max((int(number) for number in told if number.isdecimal()), default=0)
    if suffix == ".stl" and len(content) >= 84 and content[:5].lower() != b"solid":
        return int(struct.unpack("<I", content[80:84])[0])
    return content.count(b"\nf ") if suffix == ".obj" else 0


def _mesh(path: Path, content: bytes, suffix: str) -> Any:
    """What trimesh reads. A damaged file makes it raise errors of many kinds."""
    try:
        mesh = trimesh.load_mesh(io.BytesIO(content), file_type=suffix[1:], process=False)
    except Exception as error:
        hint = "; it is compressed by Draco: export it without" if b"draco" in content[:4096] else ""
        raise InputError(f"{path}: no {suffix} surface that can be read ({type(error).__name__}){hint}") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        hint = "; it is compressed by Draco: export it without" if b"draco" in content[:4096] else ""
        raise InputError(f"{path}: it has no triangles{hint}; points alone are no surface")
    return mesh


def _check(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    if not np.isfinite(vertices).all():
        raise InputError(f"{path}: {int((~np.isfinite(vertices)).any(axis=1).sum())} vertices are no numbers")
    if len(faces) > MOST_TRIANGLES:
        raise InputError(f"{path}: {len(faces):,} triangles; at most {MOST_TRIANGLES:,} are read")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"{path}: a triangle names vertex {faces.max()}, but there are {len(vertices)}")
    size = float(np.ptp(vertices, axis=0).max())
    if not SMALLEST <= size <= LARGEST:
        raise InputError(
            f"{path}: {size:.4g} mm long as it stands; a face or head of {SMALLEST:g} to {LARGEST:g} mm is accepted: "
            "export it in millimetres (a .glb in metres)"
        )


def _colours(mesh: Any) -> np.ndarray:
    """The file's colours by vertex, (V, 3) uint8; of a texture, its colour there."""
    grey = np.full((len(mesh.vertices), 3), GREY, np.uint8)
    if not mesh.visual.defined:
        return grey
    found = np.asarray((mesh.visual if mesh.visual.kind != "texture" else mesh.visual.to_color()).vertex_colors)
    return np.asarray(found[:, :3], dtype=np.uint8) if found.shape[0] == len(grey) else grey


def _seen(mesh: Any, count: int) -> np.ndarray:
    """What a .ply of ours says of its vertices."""
    raw = mesh.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
    names = getattr(getattr(raw, "dtype", None), "names", None) or ()
    if "seen" in names and len(raw) == count:
        return np.asarray(raw["seen"]).astype(bool).ravel()
    return np.ones(count, bool)
