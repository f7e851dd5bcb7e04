"""The command line. Data goes to standard output, messages to standard error."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from drivers.errors import DriverError
from dsp.errors import DspError
from service.errors import ExitCode, ServiceError

app = typer.Typer(no_args_is_help=True, add_completion=False)
programs_app = typer.Typer(no_args_is_help=True, help="Check and show programs.")
app.add_typer(programs_app, name="programs")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON line.")]


@app.callback()
def unclench() -> None:
    """EMG-feedback closed-loop relaxation: research software, not a medical device."""


def say(text: str) -> None:
    """Tell the user something that is not data."""
    typer.echo(text, err=True)


@contextlib.contextmanager
def _told(command: str) -> Iterator[None]:
    """Turn a user's mistake into one message and an exit code."""
    try:
        yield
    except (DriverError, DspError) as error:
        say(f"unclench {command}: {error}")
        raise typer.Exit(ExitCode.BAD_INPUT) from error
    except ServiceError as error:
        if str(error):
            say(f"unclench {command}: {error}")
        raise typer.Exit(error.exit_code) from error


@app.command()
def demo(  # noqa: PLR0913 - one per option
    program: Annotated[
        str, typer.Argument(help="A shipped program.")
    ] = "ems-flutter-demo",
    *,
    seconds: Annotated[float, typer.Option(help="Longest treatment.")] = 120.0,
    seed: Annotated[int, typer.Option(help="Of the simulated subject.")] = 1,
    subject: Annotated[
        str | None, typer.Option(help="Preset; default: as suits the program.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="End after it.")] = False,
    json: JsonFlag = False,
    port: Annotated[int, typer.Option(help="Of the live page.")] = 8000,
    data: Annotated[Path, typer.Option(help="Where sessions are kept.")] = Path("data"),
    fault: Annotated[
        list[str] | None,
        typer.Option(help="KIND@T[:ARG], T s into the treatment; repeatable."),
    ] = None,
) -> None:
    """Run the whole service against a simulated subject over LSL."""
    from service.demo import DemoParams, run_demo
    from service.demo_programs import subject_of
    from service.faults.kinds import parse_fault
    from service.summary import summarise, to_json, to_text

    with _told("demo"):
        faults = tuple(map(parse_fault, fault or ()))
        who = subject or subject_of(program)
        params = DemoParams(seconds, seed, who, port, data, faults, program)
        code, state = run_demo(params, say, headless=headless)
        if state is not None:
            summary = summarise(state)
            typer.echo((to_json if json else to_text)(summary))
        raise typer.Exit(code)


@app.command()
def faults(
    *,
    runs: Annotated[int, typer.Option(help="Faults to inject.")] = 200,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    real: Annotated[
        int | None,
        typer.Option(help="How many among real processes; default: 1 in 50, 12 most."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Of fault; repeatable; default: all.")
    ] = None,
    program: Annotated[
        str, typer.Option(help="A shipped program; real runs know the default only.")
    ] = "ems-flutter-demo",
    json: JsonFlag = False,
) -> None:
    """Inject random faults into simulated rigs and report when each was at zero."""
    from service.faults.campaign import EVERY_KIND, CampaignParams, run_campaign

    with _told("faults"):
        params = CampaignParams(runs, seed, real, tuple(kind or EVERY_KIND), program)
        report = run_campaign(params, say)
    typer.echo(report.to_json() if json else report.to_text())
    if not report.is_safe:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def trial(  # noqa: PLR0913 - as many options as a trial has
    *,
    program: Annotated[str, typer.Option(help="Name, or a .toml file.")],
    cohort: Annotated[
        list[str] | None,
        typer.Option(help="Of subjects; repeatable; default: all that apply."),
    ] = None,
    subjects: Annotated[int, typer.Option(help="Of each cohort.")] = 60,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    controller: Annotated[
        list[str] | None,
        typer.Option(help="Kind of law; repeatable; default: the program's."),
    ] = None,
    comparator: Annotated[
        list[str] | None,
        typer.Option(help="open-loop, sham, naive-*, none; repeatable."),
    ] = None,
    crossover: Annotated[
        bool, typer.Option("--crossover", help="Every subject in every arm.")
    ] = False,
    within_tolerance: Annotated[
        bool,
        typer.Option("--within-tolerance", help="Limit what a person cannot bear."),
    ] = False,
    treatment: Annotated[
        float | None, typer.Option(help="Longest treatment in s.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Local processes.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder; a trial goes on where it was.")
    ] = None,
    plots: Annotated[bool, typer.Option("--plots", help="Draw into --out.")] = False,
    json: JsonFlag = False,
) -> None:
    """Try a program on simulated subjects, randomised, in virtual time."""
    from service.trial.applies import cohorts_of
    from service.trial.arms import chosen_comparators
    from service.trial.plan import TrialParams, find_program
    from service.trial.plots import PlotsWanted
    from service.trial.trial import Work, run_trial

    with _told("trial"):
        found = find_program(program)
        params = TrialParams(
            program,
            tuple(cohort or cohorts_of(found)),
            subjects,
            seed,
            controllers=tuple(controller or ()),
            comparators=chosen_comparators(comparator, found),
            crossover=crossover,
            within_tolerance=within_tolerance,
            treatment_s=treatment,
        )
        drawing = PlotsWanted(plots, out)
        report = run_trial(params, Work(workers, scheduler, out))
        drawing.draw(report, say)
    typer.echo(report.to_json() if json else report.to_text())


@app.command()
def serve(
    *,
    config: Annotated[Path, typer.Option(help="Rig file (TOML).")],
    programs: Annotated[
        Path | None, typer.Option(help="Folder of programs; default: as shipped.")
    ] = None,
) -> None:
    """Run the service for a rig until it is interrupted."""
    from service.serve import run_service

    with _told("serve"):
        raise typer.Exit(run_service(config, programs, say))


@app.command()
def replay(
    file: Path,
    *,
    stream: Annotated[str | None, typer.Option(help="Name of the stream.")] = None,
    channel: Annotated[
        list[str] | None, typer.Option(help="Label; repeatable.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Rig file: its filter and unit hold.")
    ] = None,
    speed: Annotated[str, typer.Option(help="realtime, max or K times.")] = "max",
    json: JsonFlag = False,
    csv: Annotated[Path | None, typer.Option(help="Write the envelope here.")] = None,
) -> None:
    """Report the tension in a recorded file."""
    from drivers.recordings.choose import choose_streams
    from drivers.recordings.opener import open_recording
    from service.replay.analysis import analyse
    from service.replay.csv_output import write_envelope_csv
    from service.replay.params import ReplayParams, params_of_rig
    from service.replay.playback import parse_speed, play

    with _told("replay"):
        pace = parse_speed(speed)
        params = params_of_rig(config) if config else ReplayParams()
        recording = open_recording(file)
        chosen = choose_streams(recording, stream, channel or ())
        if math.isfinite(pace):
            play(recording, chosen, params, pace, say)
        report = analyse(recording, chosen, params)
        if csv is not None:
            write_envelope_csv(report, csv)
    if json or csv is None:
        typer.echo(report.to_json())


@app.command()
def verify(session: Path) -> None:
    """Check that the journal of a session is complete and unchanged."""
    from service.recorder.journal import verify as follow

    with _told("verify"):
        verdict = follow(session)
    typer.echo(verdict.text)
    if not verdict.ok:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def explain(
    session: Path,
    *,
    at: Annotated[
        float | None, typer.Option(help="Seconds from the start of the session.")
    ] = None,
) -> None:
    """Tell in words why the output of a session was what it was."""
    from service.recorder.explain import explain_at, tell_story
    from service.recorder.journal import read_records

    with _told("explain"):
        records = read_records(session)
        text = tell_story(records) if at is None else explain_at(records, at)
    typer.echo(text)


@app.command()
def devices(
    *,
    seconds: Annotated[float, typer.Option(min=0.1, max=60)] = 2.0,
    json: JsonFlag = False,
) -> None:
    """List LSL streams, serial ports and outputs. Opens none of them."""
    from service.devices import find_devices

    with _told("devices"):
        found = find_devices(seconds)
    typer.echo(found.to_json() if json else found.to_text())


@app.command()
def doctor(
    *, config: Annotated[Path | None, typer.Option(help="Rig file to check.")] = None
) -> None:
    """Say what is wrong with this installation, host or rig file."""
    from service.doctor import diagnose, to_text

    findings = diagnose(config)
    typer.echo("\n".join(map(to_text, findings)))
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(ExitCode.BAD_INPUT)


@programs_app.command("check")
def programs_check(files: Annotated[list[Path], typer.Argument()]) -> None:
    """Say whether files are programs, and what is wrong with them, line by line."""
    from service.program_files import check_files

    checked = check_files(files)
    for one in checked:
        for line in one.lines:
            typer.echo(line, err=bool(one.error))
    if any(one.error for one in checked):
        raise typer.Exit(ExitCode.BAD_INPUT)


@programs_app.command("show")
def programs_show(
    name: Annotated[str, typer.Argument(help="A shipped program, or a TOML file.")],
    *,
    json: JsonFlag = False,
) -> None:
    """Print a program with every value that is in force."""
    from service.program_files import find_program, show_json, show_text

    with _told("programs show"):
        program = find_program(name)
    typer.echo((show_json if json else show_text)(program))


@programs_app.command("list")
def programs_list() -> None:
    """List the programs that come with unclench."""
    from service.program_files import list_text, shipped_programs

    with _told("programs list"):
        text = list_text(shipped_programs().values())
    typer.echo(text)
