"""Errors of the arithmetic layer.

They mean a programming or configuration mistake. Bad *data* never raises: it becomes
a `dsp.types.QualityFlag`.

::

    DspError (ValueError)
    ├── ShapeError     an array has another shape than the chain was built for
    └── DesignError    a filter or window cannot be built from these parameters
"""


class DspError(ValueError):
    """Base of every error that `dsp` raises."""


class ShapeError(DspError):
    """An array has another shape than expected."""


class DesignError(DspError):
    """A filter or window cannot be built from the given parameters."""
