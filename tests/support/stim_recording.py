"""A real recording with stimulation, the hazard that artifact handling is built for.

Cervical stimulation at 30 Hz was switched on, off and on again while the muscle below
the electrodes rested. A tension meter that does not know of the stimulator reads its
artifact as tension.
"""

from dataclasses import dataclass

import numpy as np

from drivers.recordings.choose import choose_streams
from drivers.recordings.opener import open_recording
from service.replay.analysis import analyse
from service.replay.report import ReplayReport
from tests.support.shared_data import shared_data

STIM_ON_FILE = "stim/SingleCh_StimON.mat"
STIM_OFF_FILE = "stim/SingleCh_StimOFF.mat"
STIM_RATE_HZ = 30.0
STIM_EPOCHS_S = ((27.57, 115.5475), (120.18325, 148.79825))
QUIET_S = (0.0, 20.0)
STIM_S = (60.0, 80.0)
UNTREATED_RATIO = 117.6 / 32.8
"""RMS during stimulation over RMS at rest, as read without any artifact handling."""


@dataclass(frozen=True, slots=True)
class StimRecording:
    """Raw values of one channel, and what the meter makes of them."""

    fs: float
    values: np.ndarray
    report: ReplayReport


def stim_recording(file: str = STIM_ON_FILE) -> StimRecording:
    """Return the recording, or skip the test if it is not on this machine."""
    recording = open_recording(shared_data(file))
    (stream,) = choose_streams(recording)
    return StimRecording(
        stream.nominal_rate_hz, stream.values, analyse(recording, (stream,))
    )


def mean_rms(report: ReplayReport, label: str, span_s: tuple[float, float]) -> float:
    """RMS of one channel over a time span of a report, windows wholly inside it."""
    (table,) = [e for e in report.envelopes if label in e.labels]
    inside = (table.t_s - table.window_s >= span_s[0]) & (table.t_s <= span_s[1])
    values = table.rms_uv[inside, table.labels.index(label)]
    return float(np.sqrt(np.nanmean(values**2)))
