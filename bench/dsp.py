"""The chain against scipy and plain numpy.

Baseline: `scipy.signal.sosfilt` with its state carried from chunk to chunk on
``(n_channels, n_samples)``, one call over the same 7 sections, and plain numpy for the
RMS over 100 ms (a rolling buffer; for every sample, the cumulative sum of that buffer).
Each side gets its chunks in its own layout, contiguous, and warm in the cache as they
are right after reception. Both must give the same numbers before anything is timed.
"""

from collections.abc import Callable

import numpy as np
from scipy.signal import sosfilt, sosfilt_zi

from bench.timing import Row, compare
from dsp import ChainParams, EmgChain
from dsp.types import F64

FS_HZ = 2048.0
WINDOW_S = 0.1
WINDOW_ROWS = round(WINDOW_S * FS_HZ)
N_CHUNKS = 8
SEED = 20
#: Agreement required of both sides, relative to the RMS of the signal.
TOLERANCE = 1e-9
#: Ratios to reach, per (channels, samples per chunk).
TARGETS = {
    "filter": {(8, 32): 12.0, (64, 32): 6.0, (256, 64): 3.0},
    "hop": {(8, 32): 10.0, (64, 32): 6.5, (256, 64): 3.5},
    "dense": {(8, 32): 5.0, (64, 32): 4.5, (256, 64): 3.0},
}


class Baseline:
    """What one writes with scipy and numpy."""

    def __init__(self, sos: F64, first_uv: F64) -> None:
        self.sos = sos
        self.zi = (
            sosfilt_zi(sos)[:, np.newaxis, :] * first_uv[np.newaxis, :, np.newaxis]
        )
        self.recent = np.zeros((len(first_uv), WINDOW_ROWS))
        self.squares = np.zeros((len(first_uv), WINDOW_ROWS - 1))

    def filter(self, emg_uv: F64) -> F64:
        """Filter one chunk ``(n_channels, n_samples)``."""
        y: F64
        y, self.zi = sosfilt(self.sos, emg_uv, axis=-1, zi=self.zi)
        return y

    def hop(self, emg_uv: F64) -> F64:
        """Return the RMS at the end of the chunk."""
        y = self.filter(emg_uv)
        n = y.shape[1]
        recent = self.recent
        recent[:, :-n] = recent[:, n:]
        recent[:, -n:] = y
        rms: F64 = np.sqrt(np.mean(recent * recent, axis=1))
        return rms

    def dense(self, emg_uv: F64) -> F64:
        """Return the RMS at every sample of the chunk."""
        y = self.filter(emg_uv)
        squares = np.concatenate((self.squares, y * y), axis=1)
        self.squares = squares[:, 1 - WINDOW_ROWS :]
        sums = np.cumsum(squares, axis=1)
        window = sums[:, WINDOW_ROWS - 1 :].copy()
        window[:, 1:] -= sums[:, :-WINDOW_ROWS]
        window /= WINDOW_ROWS
        return np.sqrt(window, out=window)


def run() -> list[Row]:
    """Run every job at every size."""
    rows = []
    for job, targets in TARGETS.items():
        for (n_channels, n_samples), target in targets.items():
            rows.append(_case(job, n_channels, n_samples, target))
    return rows


def _case(job: str, n_channels: int, n_samples: int, target: float) -> Row:
    chunks = _chunks(n_channels, n_samples)
    turned = [np.ascontiguousarray(chunk.T) for chunk in chunks]
    chain = EmgChain(
        ChainParams(
            fs=FS_HZ,
            n_channels=n_channels,
            control_window_s=WINDOW_S,
            fast_window_s=WINDOW_S,
            measure_window_s=WINDOW_S,
        )
    )
    baseline = Baseline(chain.design.sos, chunks[0][0])
    ours: Callable[[F64], F64] = getattr(chain, job)
    theirs: Callable[[F64], F64] = getattr(baseline, job)
    _check_equal(job, (ours, chunks), (theirs, turned))
    result = compare(_loop(theirs, turned), _loop(ours, chunks), N_CHUNKS)
    case = (
        f"{job} {n_channels} channels x {n_samples} samples "
        f"({result.candidate_us:.1f} µs, baseline {result.baseline_us:.1f} µs)"
    )
    ratio = result.ratio
    return Row("dsp", case, round(ratio, 2), "x", target, ratio >= target)


def _chunks(n_channels: int, n_samples: int) -> list[F64]:
    rng = np.random.default_rng(SEED)
    offset_uv = rng.normal(scale=1000.0, size=n_channels)
    return [
        rng.normal(scale=20.0, size=(n_samples, n_channels)) + offset_uv
        for _ in range(N_CHUNKS)
    ]


def _loop(step: Callable[[F64], F64], chunks: list[F64]) -> Callable[[], None]:
    def work() -> None:
        for chunk in chunks:
            step(chunk)

    return work


_Side = tuple[Callable[[F64], F64], list[F64]]


def _check_equal(job: str, ours: _Side, theirs: _Side) -> None:
    """Compare what both make of all chunks once their windows are full."""
    step, chunks = ours
    other, turned = theirs
    seen = 0
    for chunk, turned_chunk in zip(chunks, turned, strict=True):
        mine, reference = step(chunk), other(turned_chunk).T
        if seen >= WINDOW_ROWS or job == "filter":
            error = float(np.abs(mine - reference).max())
            scale = float(np.sqrt(np.mean(np.square(reference))))
            if not error <= TOLERANCE * scale:
                msg = f"bench {job}: sides differ by {error:.3g} of {scale:.3g} µV"
                raise AssertionError(msg)
        seen += len(chunk)
