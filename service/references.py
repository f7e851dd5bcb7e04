"""Reference values on disk: one file per subject and muscle, read with suspicion.

A file is written beside its place and moved there, so that it is whole or absent. What
is read is checked against its schema and against the rig of today: a reference taken
from other electrodes, at another rate or too long ago is refused in words.
"""

import hashlib
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from dsp.errors import DesignError
from dsp.normalise import Reference, reference_from_data
from service.errors import ServiceError

#: Version of the files.
FORMAT = 1

_SLUG_LENGTH = 40
_HASH_LENGTH = 10


class ReferenceDamagedError(ServiceError):
    """A file is there but cannot be believed; the message names it."""


@dataclass(frozen=True, slots=True)
class Montage:
    """How a muscle was recorded: what a reference depends on besides the filter.

    ``electrodes`` names the derivation, ``A - B``, or the channel of the stream.
    """

    source: str
    electrodes: str
    sample_rate_hz: float


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A reference with what it was taken with; ``warnings`` come from its trials."""

    reference: Reference
    montage: Montage
    rvc_pct_mvc: float | None = None
    session_id: str = ""
    warnings: tuple[str, ...] = ()

    def to_data(self) -> dict[str, object]:
        """Return it as plain data, good for JSON."""
        return {
            "format": FORMAT,
            "reference": self.reference.to_data(),
            "montage": msgspec.to_builtins(self.montage),
            "rvc_pct_mvc": self.rvc_pct_mvc,
            "session_id": self.session_id,
            "warnings": list(self.warnings),
        }


_Positive = Annotated[float, msgspec.Meta(gt=0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _ReferenceFile(msgspec.Struct, forbid_unknown_fields=True):
    subject: _Name
    muscle: _Name
    kind: Annotated[str, msgspec.Meta(pattern="^(mvc|rvc)$")]
    reference_uv: _Positive
    noise_uv: _NotNegative
    band_hz: tuple[_NotNegative, _Positive]
    taken_at_s: _Positive
    rest_uv: _NotNegative | None


class _MontageFile(msgspec.Struct, forbid_unknown_fields=True):
    source: _Name
    electrodes: _Name
    sample_rate_hz: _Positive


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    reference: _ReferenceFile
    montage: _MontageFile
    rvc_pct_mvc: _Positive | None
    session_id: str
    warnings: tuple[str, ...]


def parse(data: object) -> StoredReference:
    """Return what `StoredReference.to_data` gave; raise `ReferenceDamagedError`."""
    try:
        file = msgspec.convert(data, _File)
        if file.format != FORMAT:
            msg = f"expected format {FORMAT}, got {file.format}"
            raise ReferenceDamagedError(msg)
        if (file.reference.kind == "rvc") != (file.rvc_pct_mvc is not None):
            msg = "expected rvc_pct_mvc with kind rvc and only then"
            raise ReferenceDamagedError(msg)
        reference = reference_from_data(msgspec.to_builtins(file.reference))
    except (msgspec.ValidationError, DesignError) as error:
        raise ReferenceDamagedError(str(error)) from error
    montage = Montage(**msgspec.to_builtins(file.montage))
    return StoredReference(
        reference, montage, file.rvc_pct_mvc, file.session_id, file.warnings
    )


class ReferenceStore:
    """The folder of references. ``folder`` is made when something is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, subject: str, muscle: str) -> Path:
        """Return where the reference of a muscle is, or would be."""
        # Names may hold anything: the hash keeps apart what the slug does not.
        digest = hashlib.sha256(f"{subject}\0{muscle}".encode()).hexdigest()
        slug = "--".join(
            re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)[:_SLUG_LENGTH].strip(".")
            for name in (subject, muscle)
        )
        return self._folder / f"{slug}--{digest[:_HASH_LENGTH]}.json"

    def save(self, stored: StoredReference) -> Path:
        """Write a reference in place of the older one; `OSError` passes."""
        path = self.path(stored.reference.subject, stored.reference.muscle)
        self._folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(stored.to_data())))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        return path

    def load(self, subject: str, muscle: str) -> StoredReference | None:
        """Return the reference of a muscle, None if there is none.

        Raises `ReferenceDamagedError` for a file that is none, or another muscle's.
        """
        path = self.path(subject, muscle)
        try:
            data = msgspec.json.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error
        try:
            stored = parse(data)
        except ReferenceDamagedError as error:
            raise _damaged(path, error) from error
        found = stored.reference.subject, stored.reference.muscle
        if found != (subject, muscle):
            raise _damaged(path, f"it is that of {found[0]!r}, {found[1]!r}")
        return stored


def _damaged(path: Path, why: object) -> ReferenceDamagedError:
    return ReferenceDamagedError(
        f"the stored reference {path} cannot be used: {why}; calibrate anew, which "
        "replaces it, or delete it"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stored reference has to fit: the muscle, and the rig of today."""

    subject: str
    muscle: str
    montage: Montage
    band_hz: tuple[float, float]
    max_age_s: float


def find(
    store: ReferenceStore, wanted: Wanted, now_unix_s: float
) -> StoredReference | str:
    """Return the stored reference that fits, or why there is none, as a sentence."""
    if not wanted.subject:
        return "a stored reference belongs to a subject: open the session with one"
    try:
        stored = store.load(wanted.subject, wanted.muscle)
    except ReferenceDamagedError as error:
        return str(error)
    if stored is None:
        return (
            f"no reference of {wanted.muscle} is stored for {wanted.subject}: "
            "calibrate once with contractions"
        )
    return _misfit(stored, wanted, now_unix_s) or stored


def _misfit(stored: StoredReference, wanted: Wanted, now_unix_s: float) -> str:
    if stored.montage.electrodes != wanted.montage.electrodes or (
        stored.montage.source != wanted.montage.source
    ):
        return (
            f"the reference of {wanted.muscle} was taken with the electrodes "
            f"{stored.montage.electrodes} of {stored.montage.source}, now they are "
            f"{wanted.montage.electrodes} of {wanted.montage.source}; record it again"
        )
    rates = stored.montage.sample_rate_hz, wanted.montage.sample_rate_hz
    if not math.isclose(*rates, rel_tol=1e-6):
        return (
            f"the reference of {wanted.muscle} was taken at {rates[0]:g} Hz, now it is "
            f"{rates[1]:g} Hz; record it again"
        )
    refusal = stored.reference.refusal(now_unix_s, wanted.band_hz, wanted.max_age_s)
    return refusal or ""
