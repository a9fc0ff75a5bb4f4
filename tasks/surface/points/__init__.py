"""The named points of a head in space: tip of the nose, corners of the mouth, peaks of the bow.

In: where models of landmarks put them in photographs, the surface, or a person's own hand. Out: places by name, with
how sure each is. Read `names` first (what every point is), then `from_photographs`; `on_surface` puts right what the
shape tells better than a model, with `lip_border` and `nose_wings`.
"""
