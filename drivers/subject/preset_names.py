"""Names of the presets, for those who only have to check a name."""

DEFAULT_PRESET = "responder"
PRESET_NAMES = (
    DEFAULT_PRESET,
    "responder-tonic",
    "weak",
    "null",
    "adverse",
    "low-snr",
    "ecg-heavy",
    "mains-heavy",
)
