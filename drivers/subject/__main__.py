"""``python -m drivers.subject``: the simulated subject as a process of its own."""

import argparse
import signal
import sys
import threading

from drivers.clock import SystemClock
from drivers.errors import DriverError
from drivers.liblsl import load_pylsl
from drivers.subject.outlet import OutletParams, SubjectOutlet
from drivers.subject.preset_names import DEFAULT_PRESET, PRESET_NAMES
from drivers.subject.stimulation import Modality

EXIT_BAD_INPUT = 2


def main() -> int:
    """Run until SIGINT, SIGTERM or, if asked to, the end of standard input."""
    args = _parser().parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        lsl = load_pylsl()
        if args.session_id:
            lsl.set_config_content(f"[lab]\nSessionID = {args.session_id}\n")
        outlet = SubjectOutlet(_params(args), lsl, SystemClock())
    except DriverError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    if args.until_stdin_closes:
        threading.Thread(
            target=_follow_stdin, args=(outlet, stopped), daemon=True
        ).start()
    outlet.run(stopped.is_set)
    return 0


def _follow_stdin(outlet: SubjectOutlet, stopped: threading.Event) -> None:
    """Inject the faults that the parent asks for, ``KIND ARGUMENT`` a line.

    Its end of the pipe closes with the parent, however that ends.
    """
    for line in sys.stdin:
        kind, argument = line.split()
        outlet.inject(kind, float(argument))
    stopped.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drivers.subject")
    parser.add_argument("--preset", choices=PRESET_NAMES, default=DEFAULT_PRESET)
    parser.add_argument(
        "--cohort", default="", help="draw from this population instead of a preset"
    )
    parser.add_argument(
        "--modality",
        choices=list(Modality),
        type=Modality,
        default=Modality.EMS,
        help="what the outputs of the stimulation stream actuate, where their unit "
        "does not say so",
    )
    parser.add_argument(
        "--muscles", type=int, default=1, help="with a tone of their own, one a channel"
    )
    parser.add_argument(
        "--tensest", type=int, default=0, help="which of them is the tensest, from 0"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2048.0)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--chunk", type=int, default=32, help="samples per chunk")
    parser.add_argument("--stream-name", default="unclench-subject")
    parser.add_argument("--stimulation-name", default="unclench-stimulation")
    parser.add_argument("--markers-name", default="unclench-markers")
    parser.add_argument("--output", type=int, default=0, help="output of that stream")
    parser.add_argument("--truth-name", default="", help="also publish the true tone")
    parser.add_argument(
        "--button-name", default="", help="what the person says, as markers"
    )
    parser.add_argument(
        "--hands",
        type=float,
        default=0.0,
        metavar="NRS",
        help="a therapist presses by prompts until the discomfort is so much",
    )
    parser.add_argument(
        "--session-id", default="", help="LSL session, overrides LSLAPICFG"
    )
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser


def _params(args: argparse.Namespace) -> OutletParams:
    return OutletParams(
        preset=args.preset,
        seed=args.seed,
        sample_rate_hz=args.rate,
        n_channels=args.channels,
        chunk_samples=args.chunk,
        stream_name=args.stream_name,
        stimulation_name=args.stimulation_name,
        markers_name=args.markers_name,
        output_index=args.output,
        truth_name=args.truth_name,
        cohort=args.cohort,
        button_name=args.button_name,
        hands_nrs=args.hands,
        modality=args.modality,
        n_muscles=args.muscles,
        tensest=args.tensest,
    )


if __name__ == "__main__":
    sys.exit(main())
