"""Open a recording as the format that its content shows, whatever its name says."""

import gzip
from collections.abc import Callable
from pathlib import Path

from drivers.errors import RecordingError
from drivers.recordings import (
    brainvision,
    c3d,
    delsys,
    edf,
    matlab,
    openbci,
    opensignals,
    opensignals_h5,
    table,
    xdf,
)
from drivers.recordings.model import Recording
from drivers.recordings.optional import reason
from drivers.recordings.text import decode

SNIFF_BYTES = 65536
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
C3D_PARAMETERS_KEY = 0x50
C3D_HEADER_MIN_BYTES = 512
GZIP_MAGIC = b"\x1f\x8b"
TEXT_EXTENSIONS = (".csv", ".txt", ".tsv")

_READERS: dict[str, Callable[[Path], Recording]] = {
    xdf.NAME: xdf.read,
    edf.EDF_NAME: edf.read_edf,
    edf.BDF_NAME: edf.read_bdf,
    brainvision.NAME: brainvision.read,
    c3d.NAME: c3d.read,
    opensignals_h5.NAME: opensignals_h5.read,
    matlab.NAME: matlab.read_mat5,
    f"{matlab.NAME} 7.3": matlab.read_mat73,
    opensignals.TEXT_NAME: opensignals.read_text_export,
    opensignals.SIMPLE_NAME: opensignals.read_simple_text,
    openbci.NAME: openbci.read,
    delsys.DISCOVER_NAME: delsys.read_discover,
    delsys.PAIRS_NAME: delsys.read_pairs,
    delsys.LABELS_NAME: delsys.read_labels,
    table.NEXUS_NAME: table.read_nexus,
    table.CSV_NAME: table.read_csv,
}

_BY_EXTENSION = {
    ".xdf": (xdf.NAME,),
    ".xdfz": (xdf.NAME,),
    ".edf": (edf.EDF_NAME,),
    ".bdf": (edf.BDF_NAME,),
    ".vhdr": (brainvision.NAME,),
    ".c3d": (c3d.NAME,),
    ".h5": (opensignals_h5.NAME,),
    ".hdf5": (opensignals_h5.NAME,),
    ".mat": (matlab.NAME, f"{matlab.NAME} 7.3"),
}

_BINARY_STARTS = (
    (b"XDF:", xdf.NAME),
    (b"0       ", edf.EDF_NAME),
    (b"\xffBIOSEMI", edf.BDF_NAME),
    (b"MATLAB 7.3 MAT-file", f"{matlab.NAME} 7.3"),
    (b"MATLAB 5.0 MAT-file", matlab.NAME),
    (HDF5_MAGIC, opensignals_h5.NAME),
)

_TEXT_STARTS = (
    ("Brain Vision Data Exchange Header File", brainvision.NAME),
    ("BrainVision Data Exchange Header File", brainvision.NAME),
    ("# OpenSignals Text File Format", opensignals.TEXT_NAME),
    ("# Simple Text Format", opensignals.SIMPLE_NAME),
    ("%OpenBCI", openbci.NAME),
    ("Application:, Trigno", delsys.DISCOVER_NAME),
    ("Application:,Trigno", delsys.DISCOVER_NAME),
    ("Label:", delsys.LABELS_NAME),
    ("X[s]", delsys.PAIRS_NAME),
    ("X [s]", delsys.PAIRS_NAME),
    ("Devices", table.NEXUS_NAME),
)

_MARKER_FILES = (
    "Brain Vision Data Exchange Marker File",
    "BrainVision Data Exchange Marker File",
)


def open_recording(path: Path) -> Recording:
    """Read a recording; raise `RecordingError` if nothing can be read."""
    path = Path(path)
    head = _head(path)
    name = recognise(head, path)
    extension = path.suffix.casefold()
    if extension in TEXT_EXTENSIONS:
        expected = tuple(
            n
            for n in _READERS
            if n == table.CSV_NAME or n in dict(_TEXT_STARTS).values()
        )
    else:
        expected = _BY_EXTENSION.get(extension, (name,))
    if name not in expected:
        by_name = "a text file" if extension in TEXT_EXTENSIONS else expected[0]
        msg = (
            f"{path}: by its name {by_name}, but its content is {name}; "
            "check where the file comes from, or give it the right extension"
        )
        raise RecordingError(msg)
    return _READERS[name](path)


def _head(path: Path) -> bytes:
    if path.is_dir():
        msg = f"{path}: expected a recording, got a directory; name a file in it"
        raise RecordingError(msg)
    try:
        with path.open("rb") as file:
            head = file.read(SNIFF_BYTES)
    except OSError as error:
        msg = f"{path}: cannot be opened ({error.strerror or reason(error)})"
        raise RecordingError(msg) from error
    if not head:
        msg = f"{path}: the file is empty; expected a recording"
        raise RecordingError(msg)
    return head


def recognise(head: bytes, path: Path) -> str:
    """Return the name of the format that the first bytes of a file show."""
    for start, name in _BINARY_STARTS:
        if head.startswith(start):
            return name
    if head.startswith(GZIP_MAGIC) and _unzipped_start(path) == b"XDF:":
        return xdf.NAME
    if _looks_like_c3d(head):
        return c3d.NAME
    return _recognise_text(head, path)


def _unzipped_start(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(4)
    except (OSError, EOFError):
        return b""


def _looks_like_c3d(head: bytes) -> bool:
    """Tell whether a header names its parameter block, then the key of C3D."""
    return len(head) >= C3D_HEADER_MIN_BYTES and (
        head[1] == C3D_PARAMETERS_KEY and 0 < head[0] < 0x20  # noqa: PLR2004
    )


def _recognise_text(head: bytes, path: Path) -> str:
    try:
        text = decode(head, path).lstrip()
    except RecordingError as error:
        msg = (
            f"{path}: not recognised: binary data of no known format; expected one of "
            f"{', '.join(_READERS)}"
        )
        raise RecordingError(msg) from error
    for start, name in _TEXT_STARTS:
        if text.startswith(start):
            return name
    if text.startswith(_MARKER_FILES):
        msg = f"{path}: the marker file of a BrainVision recording; open its .vhdr"
        raise RecordingError(msg)
    return table.CSV_NAME
