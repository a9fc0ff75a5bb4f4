"""Photographs whose cameras are known, to the surface of the face with its colours.

In: cameras and photographs without distortion. Out: triangles with colours, the largest piece that was seen; and, apart
from that, what a template has where no photograph saw the face (`filling`). Read `from_known_cameras` first. Points of
the surface are found by `stereo`, pair by pair, or on a GPU by `patchmatch`; then come `fusing`, `meshing`, `trimming`,
`texture`.
"""
