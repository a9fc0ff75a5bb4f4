"""Drawn faces with a known truth: identity, 68 points, cleft side and severity, speech, and raters.

The embedded data set of a fresh clone, since nobody may ship faces. Pictures are drawn with numpy and OpenCV only
and written as ordinary files, so nothing downstream knows that they are phantoms. Knows nothing of the systems.
"""
