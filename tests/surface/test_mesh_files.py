"""Surfaces as files: what is written is read again; what is no surface of a face is refused by name."""

import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.geometry import mesh_files


@pytest.fixture
def surface() -> Surface:
    ball = trimesh.creation.icosphere(subdivisions=2, radius=80)
    random = np.random.default_rng(0)
    count = len(ball.vertices)
    colours = random.integers(0, 256, (count, 3), dtype=np.uint8)
    faces = np.asarray(ball.faces, dtype=np.int32)
    return Surface(np.asarray(ball.vertices, dtype=np.float64), faces, colours, random.random(count) < 0.5)


@pytest.mark.parametrize("suffix", [".ply", ".glb"])
def test_what_is_written_is_read_again(surface: Surface, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"face{suffix}"
    mesh_files.write(surface, path)
    again = mesh_files.read(path)
    assert np.allclose(again.vertices, surface.vertices, atol=1e-4)
    assert (again.faces == surface.faces).all()
    assert (again.colours == surface.colours).all()
    assert suffix != ".ply" or (again.seen == surface.seen).all()


def test_an_stl_has_the_shape_alone(surface: Surface, tmp_path: Path) -> None:
    path = tmp_path / "face.stl"
    mesh_files.write(surface, path)
    again = mesh_files.read(path)
    corners = again.vertices[again.faces]
    assert np.allclose(corners, surface.vertices[surface.faces], atol=1e-4)


@pytest.mark.parametrize("suffix", mesh_files.WRITTEN)
def test_a_file_is_its_owners_and_tells_no_name_and_no_day(surface: Surface, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"Anna-2024-05-01{suffix}"
    mesh_files.write(surface, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"Anna" not in path.read_bytes()
    assert path.read_bytes() == mesh_files.packed(surface, suffix)


def test_another_suffix_is_refused(surface: Surface, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"face\.fbx: surfaces are written as \.ply, \.glb, \.stl"):
        mesh_files.write(surface, tmp_path / "face.fbx")
    with pytest.raises(InputError, match=r"face\.fbx: surfaces are read from"):
        mesh_files.read(tmp_path / "face.fbx")
    with pytest.raises(InputError, match=r"face\.ply: No such file"):
        mesh_files.read(tmp_path / "face.ply")


@pytest.mark.parametrize("suffix", mesh_files.READ)
@pytest.mark.parametrize("content", [b"", b"ply\n", b"solid nothing\n", bytes(200), b"glTF" + bytes(40), b"v 1 2\nf 1"])
def test_what_is_no_surface_is_refused_by_name(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"scan\{suffix}: "):
        mesh_files.read(path)


@pytest.mark.parametrize("suffix", mesh_files.WRITTEN)
def test_a_file_cut_short_is_refused(surface: Surface, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scan{suffix}"
    content = mesh_files.packed(surface, suffix)
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match=rf"scan\{suffix}: "):
        mesh_files.read(path)


def test_sizes_are_asked_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scan.stl"
    path.write_bytes(bytes(80) + struct.pack("<I", 4_000_000_000))
    with pytest.raises(InputError, match="4,000,000,000 triangles; at most 4,000,000 are read"):
        mesh_files.read(path)


def test_a_scan_in_metres_or_with_broken_numbers_is_refused(surface: Surface, tmp_path: Path) -> None:
    path = tmp_path / "scan.ply"
    mesh_files.write(surface.moved(0.001, np.eye(3), np.zeros(3)), path)
    with pytest.raises(InputError, match="mm long as it stands; a face or head of 50 to 1000 mm"):
        mesh_files.read(path)
    broken = surface.vertices.copy()
    broken[3, 1] = np.nan
    mesh_files.write(Surface(broken, surface.faces, surface.colours, surface.seen), path)
    with pytest.raises(InputError, match="1 vertices are no numbers"):
        mesh_files.read(path)


def test_an_obj_of_a_scanner_is_read_without_its_materials(surface: Surface, tmp_path: Path) -> None:
    lines = [f"v {x} {y} {z}" for x, y, z in surface.vertices]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in surface.faces]
    path = tmp_path / "scan.obj"
    path.write_text("\n".join(["mtllib ../../etc/passwd", "usemtl skin", *lines]))
    again = mesh_files.read(path)
    assert np.allclose(again.vertices[again.faces], surface.vertices[surface.faces], atol=1e-4)
    assert (again.colours == mesh_files.GREY).all()
    assert again.seen.all()
