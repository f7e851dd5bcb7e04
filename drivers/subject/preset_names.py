"""Names of presets and cohorts, for those who only have to check a name."""

DEFAULT_PRESET = "responder"
#: Individuals from narrow ranges, that keep the promise of the name.
_NARROW_PRESETS = (
    DEFAULT_PRESET,
    "responder-tonic",
    "weak",
    "null",
    "adverse",
    "low-snr",
    "ecg-heavy",
    "mains-heavy",
)
#: Individuals from the ranges of a population.
COHORT_NAMES = (
    "responder-spasm",
    "responder-tonic",
    "weak",
    "null",
    "adverse-ems",
    "adverse-vibration",
    "cramp-prone",
    "fast-habituating",
    "needle-sequence",
    "mat-intolerant",
    "low-snr",
    "ecg-heavy",
    "mains-heavy",
    "lead-off",
    "lsl-stall",
    "mvc-error",
    "artifact-leak",
)
TONE_VARIANTS = ("spasm", "tonic")
#: A preset by name; a cohort whose name no preset has stands for its population.
PRESET_NAMES = _NARROW_PRESETS + tuple(
    name for name in COHORT_NAMES if name not in _NARROW_PRESETS
)
