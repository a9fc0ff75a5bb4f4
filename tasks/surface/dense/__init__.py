"""Photographs whose cameras are known, to the surface of the face with its colours.

In: cameras and photographs without distortion. Out: a mesh of triangles with colours, cut to the face and filled where
no photograph saw it. Read `from_known_cameras` first. With a GPU `patchmatch` finds the points, without one `stereo`,
pair by pair; then `fusing`, `meshing`, `trimming`, `texture`.
"""
