"""Measures of a head in three dimensions: one function a measure, a file a region.

In: an upright surface with its named points. Out: a value with its interval, or the reason why it has none. Read
`measure` (what a measure is) and `catalogue` (all of them) first; `measuring` takes them all, with those that surgeons
declared.
"""
