"""How large the face is: millimetres per unit of what photographs alone give, which has no size.

In: cameras, and what somebody measured: distances, a ruler's two ends; else the irises. Out: a factor with its
interval. Read `known_distances` first: it weighs all of them.
"""
