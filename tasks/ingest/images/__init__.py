"""What photographs there are, whose they are, and which may not come in again.

In: rows of images.csv and groups.csv, and the files they name. Out: IMAGES, groups, tombstones. Read `inventory` first.
"""
