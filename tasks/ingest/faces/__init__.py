"""Faces in pictures: found, their points placed, judged, their lips cut out.

In: pixels. Out: LANDMARKS with reasons, points of profiles, halves of lips. Read `landmarks` first (from the front),
then `lips`; `profile` stands on `silhouette`. `resampling` turns and scales pictures for everybody.
"""
