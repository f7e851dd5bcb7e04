"""The command line, as ``unclench`` and ``python -m service``."""

import sys

from service.errors import ExitCode


def main() -> None:
    """Run the command line; Ctrl-C is an end and no error from the first import on."""
    try:
        from service.cli import app

        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
