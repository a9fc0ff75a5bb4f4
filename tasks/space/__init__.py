"""Space: cameras, surfaces of triangles, and how the one sees the other."""
