"""Where the named points of a photograph lie: models, then pixels, then what both agree upon.

In: a photograph and its landmarks. Out: points and outlines with how sure they are. Read `locate` first: it calls the
others.
"""
