"""Photographs before they are reconstructed: each by itself, and which of them make the set of a visit.

In: rows of IMAGES, photographs. Out: features, faces and sets; what `vermilion check` says of them before a run. Read
`each_photograph` first, then `sets_of_visits`.
"""
