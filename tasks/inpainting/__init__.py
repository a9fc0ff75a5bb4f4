"""Filling a masked nose and lip with what a face without a cleft would have there; controls alone train it.

In: photographs with landmarks. Out: filled photographs and how good they are. Read `photographs` first: it fills one.
`network` is what draws, and how it is trained; `judging` is what surgeons say of the results.
"""
