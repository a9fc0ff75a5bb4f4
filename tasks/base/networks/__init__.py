"""Known networks that several systems look through: MobileNetV2, Inception, the trunks of LPIPS.

In: pictures. Out: features, and how far two sets of pictures are apart by them (`distances`). Weights come from
tasks.base.weights by name. Read `trunks` first.
"""
