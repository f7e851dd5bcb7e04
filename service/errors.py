"""Errors of the service and the exit codes that they lead to.

::

    ServiceError
    ├── ConfigError    a rig file or a program is wrong: nothing was started
    ├── StartError     a role could not start: everything was taken back
    └── RoleDied       a role ended while it was needed: output zero, all stopped
"""

import enum


class ExitCode(enum.IntEnum):
    """Why the program ended, as the shell sees it."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    ENGINE_DIED = 71
    OUTPUT_DIED = 72
    API_DIED = 73
    OUTLETS_DIED = 74
    SUBJECT_DIED = 75
    RECORDER_DIED = 76
    INTERRUPTED = 130
    TERMINATED = 143


class ServiceError(Exception):
    """Base of every error that the service raises."""

    exit_code = ExitCode.FAILED


class ConfigError(ServiceError):
    """A configuration is wrong; the message names file and key."""

    exit_code = ExitCode.BAD_INPUT


class StartError(ServiceError):
    """A role could not start."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class RoleDied(ServiceError):  # noqa: N818 - says what happened
    """A role ended or fell silent while it was needed."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = exit_code
