"""A picture of every program: tension, what goes out, and the phases of one session.

``python -m bench.pictures [PROGRAM ...]`` plays the session of the demo in virtual
time, with the true engine, and draws docs/images/programs/PROGRAM.svg. It needs
the extra ``accuracy``.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.core.program import Program
from service.demo import needling_verb
from service.demo_programs import demo_program, subject_of
from service.program_files import shipped_programs
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import SCRIPT, UNARMED_SCRIPT, VirtualRig
from service.trial.plots import require_plots

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "programs"
#: As long as in the demo.
TREATMENT_S = 120.0
LONGEST_S = 900.0
SEED = 1
N_MUSCLES = 3
SAMPLE_EVERY_S = 0.25
SIZE_IN = (9.0, 4.6)
SHADES = {
    "calibrating": "#eceff4",
    "treating": "#fff4d6",
    "weaning": "#e3f2e1",
    "holding": "#f9dede",
    "reassessing": "#e2ecf7",
}


@dataclass
class Course:
    """What is drawn of one session, over time."""

    t_s: list[float] = field(default_factory=list)
    truth: list[tuple[float, ...]] = field(default_factory=list)
    measured: list[tuple[float, float]] = field(default_factory=list)
    given: list[tuple[float, ...]] = field(default_factory=list)
    phases: list[tuple[float, str]] = field(default_factory=list)
    goal: list[tuple[float, float]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)


def play(program: Program, preset: str) -> tuple[VirtualRig, Course]:
    """Live through one session of a program, as the operator of the demo does."""
    n_channels = N_MUSCLES if program.has_muscles else 2
    options = RigOptions(speaks=True)
    rig = VirtualRig(
        preset, SEED, program=program, n_channels=n_channels, options=options
    )
    course = Course()
    rig.open()
    script = SCRIPT if program.actuates else UNARMED_SCRIPT
    while rig.phase not in {"done", "fault"} and rig.clock.now_s() < LONGEST_S:
        rig.step()
        _note(rig, course)
        session = rig.state.session
        if rig.phase in script:
            rig.ask(script[rig.phase])
        elif session is not None and session.needling and rig.phase == "treating":
            verb = needling_verb(session)
            if verb != "present":
                rig.ask(verb)
    return rig, course


def _note(rig: VirtualRig, course: Course) -> None:
    now_s, session = rig.clock.now_s(), rig.engine.session
    if session is None or (course.t_s and now_s - course.t_s[-1] < SAMPLE_EVERY_S):
        return
    course.t_s.append(now_s)
    course.truth.append(tuple(one.tone_pct_mvc for one in rig.subject.persons))
    amplitudes = rig.device.read().amplitudes
    course.given.append(tuple(amplitudes))
    treatment = session.treatment
    if treatment is not None and treatment.tone_s > _last(course.measured):
        course.measured.append((treatment.tone_s, treatment.tone_pct_mvc))
    if treatment is not None and treatment.feedback is not None:
        course.goal.append((now_s, treatment.feedback.goal_pct_mvc))


def _last(points: list[tuple[float, float]]) -> float:
    return points[-1][0] if points else float("-inf")


def draw(name: str, rig: VirtualRig, course: Course, path: Path) -> None:
    """Draw one session."""
    plt = require_plots()
    plt.rcParams["svg.hashsalt"] = name
    program = rig.program
    began_s = course.t_s[0]
    figure, axes = plt.subplots(
        2, 1, sharex=True, figsize=SIZE_IN, layout="constrained", height_ratios=(3, 2)
    )
    _draw_phases(axes, rig, began_s, course.t_s[-1])
    _draw_tone(axes[0], rig, course, began_s)
    _draw_output(axes[1], rig, course, began_s)
    axes[1].set_xlabel("time in the session, s")
    session = rig.engine.session
    outcome = session.outcome.value if session and session.outcome else rig.phase
    axes[0].set_title(f"{program.title}: {outcome.replace('_', ' ')}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _draw_phases(axes: Any, rig: VirtualRig, began_s: float, end_s: float) -> None:  # noqa: ANN401 - pyplot
    phases = [(e.t_s, str(e.detail["to"])) for e in rig.events if e.kind == "phase"]
    ends = [t_s for t_s, _ in phases[1:]] + [end_s]
    for (start_s, phase), stop_s in zip(phases, ends, strict=True):
        shade = SHADES.get(phase)
        if shade is None:
            continue
        for ax in axes:
            ax.axvspan(start_s - began_s, stop_s - began_s, color=shade, lw=0)
        if stop_s - start_s > 0.04 * (end_s - began_s):
            middle = 0.5 * (start_s + stop_s) - began_s
            axes[0].text(
                middle,
                0.97,
                phase,
                ha="center",
                va="top",
                fontsize=7,
                color="#555",
                transform=axes[0].get_xaxis_transform(),
            )


def _draw_tone(ax: Any, rig: VirtualRig, course: Course, began_s: float) -> None:  # noqa: ANN401 - pyplot
    t = [t_s - began_s for t_s in course.t_s]
    for k, label in enumerate(rig.subject.labels[: len(rig.subject.persons)]):
        tones = [one[k] for one in course.truth]
        ax.plot(t, tones, lw=0.8, alpha=0.7, label=f"true tone, {label}")
    if course.measured:
        at, tone = zip(*course.measured, strict=True)
        ax.plot(
            [x - began_s for x in at],
            tone,
            ".",
            ms=2.5,
            color="k",
            label="tone that decides",
        )
    if course.goal:
        at, goal = zip(*course.goal, strict=True)
        ax.plot([x - began_s for x in at], goal, lw=1.0, color="C3", label="goal")
    threshold = rig.program.success.threshold_pct_mvc
    ax.axhline(threshold, lw=0.8, ls="--", color="C2", label="threshold")
    treated = [
        max(one)
        for one, t_s in zip(course.truth, course.t_s, strict=True)
        if course.measured and t_s >= course.measured[0][0]
    ]
    ax.set_ylim(0, 1.3 * max([2 * threshold, *treated, *_tones(course)]))
    ax.set_ylabel("tension, %MVC")
    ax.legend(fontsize=6, loc="center left", framealpha=0.8)


def _tones(course: Course) -> list[float]:
    return [tone for _, tone in course.measured]


def _draw_output(ax: Any, rig: VirtualRig, course: Course, began_s: float) -> None:  # noqa: ANN401 - pyplot
    t = [t_s - began_s for t_s in course.t_s]
    if rig.program.actuates:
        n_sites = len(course.given[0])
        labels = [c.label for c in rig.device.describe().channels]
        for k in range(n_sites):
            given = [one[k] for one in course.given]
            ax.step(t, given, where="post", lw=0.8, label=labels[k])
        ax.set_ylabel(f"given, {rig.device.describe().channels[0].amplitude_unit}")
        if n_sites > 1:
            ax.legend(fontsize=6, loc="upper left")
        return
    told = [
        (e.t_s - began_s, str(e.detail.get("task", e.kind)))
        for e in rig.events
        if e.kind in {"prompt", "insertion", "twitch", "trial_ended"}
    ]
    rows = sorted({what for _, what in told})
    for t_s, what in told:
        ax.plot(t_s, rows.index(what), "|", ms=9, color=f"C{rows.index(what)}")
    ax.set_yticks(range(len(rows)), rows, fontsize=7)
    ax.set_ylim(-0.6, max(len(rows), 1) - 0.4)


def main() -> None:
    """Draw what the command line names, or every program."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    for name in parser.parse_args().programs or list(shipped_programs()):
        rig, course = play(demo_program(name, TREATMENT_S), subject_of(name))
        path = FOLDER / f"{name}.svg"
        draw(name, rig, course, path)
        session = rig.engine.session
        print(name, rig.phase, session.outcome if session else "", path.name)


if __name__ == "__main__":
    main()
