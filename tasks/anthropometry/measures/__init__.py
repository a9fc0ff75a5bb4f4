"""One function per measure, a module per region; tasks.anthropometry.measures.catalogue has them all in one list.

Every function takes a half (tasks.anthropometry.frame) and returns an array of the halves' leading axes.
"""
