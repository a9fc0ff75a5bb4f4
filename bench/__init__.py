"""Each figure the README quotes, with the peer it is measured against in the same run."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in flows: threads that wait soon give up the core
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
