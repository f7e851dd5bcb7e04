"""The envelope of a recording as a table."""

import csv
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from dsp.types import F64
from service.errors import ExitCode, ServiceError
from service.replay.report import ReplayReport


class OutputExistsError(ServiceError):
    """The output file is already there; nothing was written."""

    exit_code = ExitCode.BAD_INPUT


def write_envelope_csv(report: ReplayReport, path: Path) -> None:
    """Write ``t_s`` and one column ``<label>_rms_uv`` per channel.

    Time is that of the end of the window, from the first sample on; a value that is
    not settled is an empty cell. The file appears complete or not at all, and a file
    that is already there is never overwritten.
    """
    path = Path(path)
    if path.exists():
        msg = f"{path} is already there; choose another name or remove it first"
        raise OutputExistsError(msg)
    t_s, labels, columns = _table(report)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", newline="", encoding="utf-8") as file:
            _write(file, t_s, labels, columns)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _table(report: ReplayReport) -> tuple[F64, list[str], F64]:
    """One row per hop of the longest stream; shorter streams end with empty cells."""
    if not report.envelopes:
        return np.empty(0), [], np.empty((0, 0))
    longest = max(report.envelopes, key=lambda e: e.t_s.size)
    labels = [label for e in report.envelopes for label in e.labels]
    columns = np.full((longest.t_s.size, len(labels)), np.nan)
    at = 0
    for e in report.envelopes:
        columns[: e.t_s.size, at : at + len(e.labels)] = e.rms_uv
        at += len(e.labels)
    return longest.t_s, labels, columns


def _write(file: TextIO, t_s: F64, labels: Sequence[str], columns: F64) -> None:
    writer = csv.writer(file)
    writer.writerow(["t_s", *(f"{label}_rms_uv" for label in labels)])
    for t, row in zip(t_s.tolist(), columns.tolist(), strict=True):
        cells = ["" if math.isnan(value) else f"{value:.6g}" for value in row]
        writer.writerow([f"{t:.4f}", *cells])
