"""The command line. Data goes to standard output, messages to standard error."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from drivers.errors import DriverError
from drivers.recordings.choose import choose_streams
from drivers.recordings.opener import open_recording
from service.replay.analysis import analyse
from service.replay.csv_output import OutputExistsError, write_envelope_csv

#: Exit code of a request that cannot be carried out as it was made.
BAD_INPUT = 2

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def unclench() -> None:
    """EMG-feedback closed-loop relaxation: research software, not a medical device."""


@app.command()
def replay(
    file: Path,
    *,
    stream: Annotated[str | None, typer.Option(help="Name of the stream.")] = None,
    channel: Annotated[
        list[str] | None, typer.Option(help="Label; repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the envelope here.")] = None,
) -> None:
    """Report the tension in a recorded file, as fast as possible."""
    try:
        recording = open_recording(file)
        report = analyse(recording, choose_streams(recording, stream, channel or ()))
        if csv is not None:
            write_envelope_csv(report, csv)
    except (DriverError, OutputExistsError) as error:
        typer.echo(f"unclench replay: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    if json or csv is None:
        sys.stdout.write(report.to_json() + "\n")


def main() -> None:
    """Run the command line."""
    app()
