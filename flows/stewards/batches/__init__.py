"""Batches of photographs and ratings: brought in, listed, corrected, undone.

In: what a steward brings. Out: a folder in data/added/batches, tracked by DVC, and one commit in git; or a list of
reasons and nothing changed. Read `additions` first: it goes the whole way. `put_in_place` has the step that is done
wholly or not at all, `history` what came in so far, `corrections` scores that are put right.
"""
