"""The face in three dimensions, from photographs taken from several sides ("Offline AI", Solution 2).

In: the photographs of one visit. Out: cameras, a surface in millimetres, named points, measures, asymmetry.
"""
