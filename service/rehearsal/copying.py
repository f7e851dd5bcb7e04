"""Copies of whole rigs as bytes, with arrays that share memory still sharing it.

A plain pickle turns every view into an array of its own: a filter that looks at its
buffer through a view would never see another sample.
"""

import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]


def freeze(thing: object) -> bytes:
    """Return an object as it is now."""
    target = io.BytesIO()
    _Pickler(target, protocol=pickle.HIGHEST_PROTOCOL).dump(thing)
    return target.getvalue()


def thaw(frozen: bytes) -> Any:  # noqa: ANN401 - whatever was frozen
    """Return a copy of what was frozen, by this process."""
    return pickle.loads(frozen)  # noqa: S301 - never of foreign origin


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: object) -> Any:  # noqa: ANN401 - pickle's protocol
        """Save a view as its owner and where it looks."""
        if not isinstance(thing, np.ndarray):
            return NotImplemented
        owner = _owner(thing)
        if owner is not None:
            offset = _address(thing) - _address(owner)
            return _view, (owner, thing.dtype, thing.shape, thing.strides, offset)
        if thing.flags.forc:
            return NotImplemented
        axes = _axes_in_memory(thing)
        return _permuted, (thing.transpose(axes).copy(), axes)


def _axes_in_memory(array: AnyArray) -> list[int]:
    """Return the axes from the slowest to the fastest in memory."""
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis])


def _permuted(contiguous: AnyArray, axes: list[int]) -> AnyArray:
    return contiguous.transpose(sorted(range(len(axes)), key=lambda axis: axes[axis]))


def _owner(array: AnyArray) -> AnyArray | None:
    """Return the array whose memory a view looks at; None if it is its own."""
    base, owner = array.base, None
    while base is not None:
        if isinstance(base, np.ndarray):
            owner = base
        base = getattr(base, "base", None)
    return owner


def _address(array: AnyArray) -> int:
    return int(array.__array_interface__["data"][0])


def _view(
    owner: AnyArray,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
) -> AnyArray:
    memory = owner.transpose(_axes_in_memory(owner))
    return np.ndarray(shape, dtype, memory, offset, strides)
