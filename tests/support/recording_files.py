"""Small recordings of every format, written as their devices would."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import edfio
import ezc3d
import h5py
import numpy as np
import scipy.io

FS = 1000.0
N = 4000


def emg_uv(n: int = N, n_channels: int = 2, seed: int = 7) -> np.ndarray:
    """Noise of 10 uV with a burst of 100 uV in its second quarter."""
    x = np.random.default_rng(seed).standard_normal((n, n_channels)) * 10.0
    x[n // 4 : n // 2] *= 10.0
    return x


def _chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


def xdf_bytes(x: np.ndarray, t_s: np.ndarray, unit: str = "microvolts") -> bytes:
    """An XDF file with one EMG stream in chunks of 100 samples, and one marker."""
    channels = "".join(
        f"<channel><label>EMG{i}</label><unit>{unit}</unit></channel>"
        for i in range(x.shape[1])
    )
    emg = (
        "<info><name>amp</name><type>EMG</type>"
        f"<channel_count>{x.shape[1]}</channel_count><nominal_srate>{FS:g}"
        "</nominal_srate><channel_format>float32</channel_format>"
        f"<desc><channels>{channels}</channels></desc></info>"
    )
    marker = (
        "<info><name>marks</name><type>Markers</type><channel_count>1</channel_count>"
        "<nominal_srate>0</nominal_srate><channel_format>string</channel_format>"
        "<desc/></info>"
    )
    out = [
        b"XDF:",
        _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>'),
        _chunk(2, struct.pack("<I", 1) + emg.encode()),
        _chunk(2, struct.pack("<I", 2) + marker.encode()),
    ]
    text = b"go"
    mark = b"\x01\x01" + b"\x08" + struct.pack("<d", t_s[0] + 0.5)
    mark += b"\x01" + struct.pack("<B", len(text)) + text
    out.append(_chunk(3, struct.pack("<I", 2) + mark))
    for start in range(0, len(x), 100):
        part = x[start : start + 100].astype("<f4")
        body = b"\x04" + struct.pack("<I", len(part))
        for row, stamp in zip(part, t_s[start : start + 100], strict=True):
            body += b"\x08" + struct.pack("<d", stamp) + row.tobytes()
        out.append(_chunk(3, struct.pack("<I", 1) + body))
    footer = f"<info><sample_count>{len(x)}</sample_count></info>"
    out.append(_chunk(6, struct.pack("<I", 1) + footer.encode()))
    return b"".join(out)


def write_xdf(path: Path) -> Path:
    x = emg_uv()
    path.write_bytes(xdf_bytes(x, 100.0 + np.arange(len(x)) / FS))
    return path


def _edf_signals() -> list:
    return [
        edfio.EdfSignal(
            column,
            FS,
            label=f"EMG {i}",
            physical_dimension="uV",
            physical_range=(-2000, 2000),
        )
        for i, column in enumerate(emg_uv().T)
    ]


def write_edf(path: Path) -> Path:
    edfio.Edf(_edf_signals()).write(path)
    return path


def write_bdf(path: Path) -> Path:
    signals = [
        edfio.BdfSignal(
            column,
            FS,
            label=f"EMG {i}",
            physical_dimension="uV",
            physical_range=(-2000, 2000),
        )
        for i, column in enumerate(emg_uv().T)
    ]
    edfio.Bdf(signals).write(path)
    return path


def write_brainvision(path: Path) -> Path:
    x = emg_uv()
    x.astype("<f4").tofile(path.with_suffix(".eeg"))
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\n"
        f"Codepage=UTF-8\nDataFile={path.stem}.eeg\nMarkerFile={path.stem}.vmrk\n"
        "DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=2\n"
        "SamplingInterval=1000\n\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n\n"
        "[Channel Infos]\nCh1=EMG left,,1,µV\nCh2=EMG right,,1,µV\n",
        encoding="utf-8",
    )
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\n"
        f"Codepage=UTF-8\nDataFile={path.stem}.eeg\n\n[Marker Infos]\n"
        "Mk1=Comment,squeeze,1001,1,0\n",
        encoding="utf-8",
    )
    return path


def write_c3d(path: Path) -> Path:
    x = emg_uv()
    file = ezc3d.c3d()
    n_frames = len(x) // 10
    file["parameters"]["POINT"]["RATE"]["value"] = [FS / 10]
    file["parameters"]["POINT"]["LABELS"]["value"] = ["p"]
    file["data"]["points"] = np.zeros((4, 1, n_frames))
    file["parameters"]["ANALOG"]["RATE"]["value"] = [FS]
    file["parameters"]["ANALOG"]["LABELS"]["value"] = ["EMG1", "EMG2"]
    file["parameters"]["ANALOG"]["UNITS"]["value"] = ["V", "V"]
    file["data"]["analogs"] = (x.T * 1e-6)[np.newaxis]
    file.write(str(path))
    return path


def write_opensignals_h5(path: Path) -> Path:
    counts = np.round((emg_uv(n_channels=1)[:, 0] / 3000 + 0.5) * 2**16)
    with h5py.File(path, "w") as file:
        device = file.create_group("00:07:80:00:00:01")
        device.attrs["sampling rate"] = 1000
        device.attrs["resolution"] = [16]
        device.attrs["device"] = "biosignalsplux"
        raw = device.create_group("raw")
        nseq = np.arange(N, dtype=np.uint16).reshape(-1, 1)
        raw.create_dataset("nSeq", data=nseq, chunks=(512, 1))
        channel = raw.create_dataset(
            "channel_1", data=counts.astype(np.uint16).reshape(-1, 1), chunks=(512, 1)
        )
        channel.attrs["sensor"] = "EMG"
        channel.attrs["label"] = "CH1"
    return path


def write_opensignals_txt(path: Path) -> Path:
    counts = np.round((emg_uv(n_channels=1)[:, 0] / 3000 + 0.5) * 2**16).astype(int)
    header = {
        "00:07:80:00:00:01": {
            "sensor": ["EMG"],
            "device": "biosignalsplux",
            "column": ["nSeq", "DI", "CH1"],
            "sampling rate": 1000,
            "resolution": [16],
            "channels": [1],
            "label": ["CH1"],
        }
    }
    rows = "".join(f"{i}\t0\t{c}\t\n" for i, c in enumerate(counts))
    path.write_text(
        "# OpenSignals Text File Format. Version 1\n"
        f"# {json.dumps(header)}\n# EndOfHeader\n{rows}"
    )
    return path


def write_simple_text(path: Path) -> Path:
    rows = "".join(f"{v:.1f}\n" for v in 2048 + emg_uv(n_channels=1)[:, 0])
    path.write_text(
        "# Simple Text Format\n# Sampling Rate (Hz):= 1000.00\n# Resolution:= 12\n"
        f"# Labels:= EMG\n{rows}"
    )
    return path


def write_openbci(path: Path) -> Path:
    rows = []
    for i, (a, b) in enumerate(emg_uv()):
        ms = 1557936053329 + i * 4
        rows.append(f"{i % 256}, {a:.2f}, {b:.2f}, 0.04,{ms},0, 12:00:53.329\n")
    path.write_text(
        "%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n"
        "%Board = OpenBCI_GUI$BoardCytonSerial\n"
        "Sample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Timestamp, "
        "Marker, Timestamp (Formatted)\n" + "".join(rows)
    )
    return path


def write_discover(path: Path) -> Path:
    rows = "".join(f"{a / 1e3:.7f}, {0.1:.7f}, {b / 1e3:.7f}, \n" for a, b in emg_uv())
    path.write_text(
        "Application:, Trigno Discover (1.6.4)\nDate/Time:, 12/6/2024\n"
        "Collection Length (seconds):, 4\nleft (1), , right (2), VO2 (0)\n"
        "sensor mode: 40, , sensor mode: 40, sensor mode: 0\n"
        "EMG 1 (mV), ACC X (G), EMG 1 (mV), FeO2 (%)\n"
        f"1000.0 Hz, 74.0741 Hz, 1000.0 Hz, -1 Hz\n{rows}"
    )
    return path


def write_emgworks(path: Path) -> Path:
    rows = "".join(
        f"{i / FS:.7g},{a * 1e-6:.7g},{i / 500:.7g},{b:.7g}\n"
        for i, (a, b) in enumerate(emg_uv())
    )
    path.write_text(
        f'X[s],"Avanti sensor 1: EMG 1",X[s],"Avanti sensor 1: ACC.X 1"\n{rows}'
    )
    return path


def write_emgworks_text(path: Path) -> Path:
    rows = "".join(
        f"{i / FS:.7g},{a * 1e-6:.7g}\n" for i, a in enumerate(emg_uv()[:, 0])
    )
    path.write_text(
        "Label: Mini sensor 1: EMG 1 Sampling frequency: 1.000000e+003 Number of "
        f"points: {N} start: 0.000000e+000 Unit: V Domain Unit: s\n"
        f'Start Trigger Method: None\n\nX[s],"Mini sensor 1: EMG 1"\n{rows}'
    )
    return path


def write_nexus(path: Path) -> Path:
    rows = "".join(
        f"{1 + i // 10},{i % 10},{a * 1e-6:.9g},{b * 1e-6:.9g}\n"
        for i, (a, b) in enumerate(emg_uv())
    )
    path.write_text(
        "Devices,,,\n1000,,,\n,,Imported - Sensor 1,Imported - Sensor 2\n"
        f"Frame,Sub Frame,EMG1,EMG2\n,,V,V\n{rows}"
    )
    return path


def write_csv(path: Path) -> Path:
    rows = "".join(f"{i / FS:.4f},{a:.4f}\n" for i, a in enumerate(emg_uv()[:, 0]))
    path.write_text(f"time (s),EMG left (uV)\n{rows}")
    return path


def write_mat(path: Path) -> Path:
    scipy.io.savemat(path, {"emg": emg_uv().T, "Fs": 1000}, do_compression=True)
    return path


def write_mat73(path: Path) -> Path:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["emg"] = emg_uv()
        file["Fs"] = np.array([[1000.0]])
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116))
    return path


#: Format name, file name, writer.
EVERY_FORMAT: tuple[tuple[str, str, Callable[[Path], Path]], ...] = (
    ("XDF", "r.xdf", write_xdf),
    ("EDF", "r.edf", write_edf),
    ("BDF", "r.bdf", write_bdf),
    ("BrainVision", "r.vhdr", write_brainvision),
    ("C3D", "r.c3d", write_c3d),
    ("OpenSignals HDF5", "r.h5", write_opensignals_h5),
    ("OpenSignals text", "r.txt", write_opensignals_txt),
    ("simple text", "r.txt", write_simple_text),
    ("OpenBCI text", "r.txt", write_openbci),
    ("Delsys Trigno Discover", "r.csv", write_discover),
    ("Delsys EMGworks", "r.csv", write_emgworks),
    ("Delsys EMGworks text", "r.csv", write_emgworks_text),
    ("Vicon Nexus CSV", "r.csv", write_nexus),
    ("CSV", "r.csv", write_csv),
    ("MATLAB", "r.mat", write_mat),
    ("MATLAB", "r73.mat", write_mat73),
)
