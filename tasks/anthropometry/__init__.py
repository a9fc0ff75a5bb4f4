"""Anthropometry: named points of a face, what is measured between them, norms and findings.

In: photographs with landmarks. Out: points, measures with intervals, pages. Read `names` first (the points), then
`measuring`. `locating` places the points, `measures` has every measure, `from_people` what people corrected and said,
`profiles` faces from the side, `learned` a network that names findings.
"""
