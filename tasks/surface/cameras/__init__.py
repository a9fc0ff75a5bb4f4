"""Where every photograph of a visit was taken from, and with which lens: structure from motion.

In: photographs that overlap, and calibrated lenses where somebody has them. Out: cameras, loose points that several of
them see, and photographs without distortion; or the reason why a set cannot be solved. There is no size yet: that is
`tasks.surface.scale`. Read `solving` first: it calls `features`, `matching`, `structure_from_motion` and `solution` in
this order, and `refusals` says why a set fails.
"""
