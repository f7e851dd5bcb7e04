"""Errors of the drivers. Messages say what was expected, what came, what to do.

::

    DriverError
    ├── DriverConfigError   wrong or missing setting
    ├── ConnectError        not found, refused or ambiguous
    ├── ProtocolError       the other side is not understood     → fault
    ├── CommandRefused      outside what the output can do; nothing was sent
    ├── DeviceFault         the device reports an error state    → fault
    ├── UncertainOutput     sent, unknown whether applied        → stop, confirm, fault
    └── RecordingError      a file cannot be read as its format
"""


class DriverError(Exception):
    """Base of every error that a driver raises."""


class DriverConfigError(DriverError):
    """A setting is wrong or missing."""


class ConnectError(DriverError):
    """A stream or device was not found, refused, or matched more than once."""


class ProtocolError(DriverError):
    """The other side answered something that is not understood."""


class CommandRefused(DriverError):  # noqa: N818 - the command is not at fault alone
    """A command is outside what the output can do now; nothing was sent."""


class DeviceFault(DriverError):  # noqa: N818 - a device's own word
    """The device itself reports an error state."""


class UncertainOutput(DriverError):  # noqa: N818 - names the state, not the cause
    """A command was sent and it is unknown whether it was applied."""


class RecordingError(DriverError):
    """A file cannot be read as the format that it claims to be."""
