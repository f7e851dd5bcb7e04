"""Benchmarks: ``python -m bench`` or ``make bench``.

BLAS is told to use one thread before numpy is imported: at these sizes more threads
cost more than they give, and ratios would depend on the number of cores.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
