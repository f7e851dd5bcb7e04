"""What holds for every test."""

import os

# As the supervisor does for its processes: small matrices gain nothing from threads,
# which only wait for each other where both cores are busy. Before numpy is imported.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from hypothesis import settings  # noqa: E402

# A deadline is an assertion on time, which a busy host breaks.
settings.register_profile("unclench", deadline=None)
settings.load_profile("unclench")
