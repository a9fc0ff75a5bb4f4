"""What surgeons say of filled faces: blinded sheets, votes, scores.

In: fillings of patients, a rater. Out: a sheet without a word about who made what, and the votes and scores that came
back. Read `sheet` first, then `votes`. Chen et al., section III.B.1.
"""
