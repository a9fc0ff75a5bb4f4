"""The network that fills: its two halves, what is hidden of a face, its losses, its training, its file.

In: controls' faces with 68 points. Out: weights. Read `generator` first, then `training`; `masks` is the clinician's
mask, which is used on patients, too. Chen et al., section II.
"""
