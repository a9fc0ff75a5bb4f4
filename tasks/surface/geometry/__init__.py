"""What is computed on a surface of triangles, whoever made it: nearest points, curves, the mirror plane, areas, files.

In: a surface. Out: numbers, places, other surfaces. Knows neither photographs nor cameras. Read `nearest_points` first,
most stand on it; `mid_plane` and `head_frame` say how a head stands upright, `asymmetry` how far its sides differ.
"""
