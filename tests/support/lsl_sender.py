"""``python -m tests.support.lsl_sender``: an amplifier on the network, to be abused."""

import argparse
import sys
import time

import numpy as np
import pylsl

FORMATS = {
    "float32": pylsl.cf_float32,
    "double64": pylsl.cf_double64,
    "int16": pylsl.cf_int16,
    "int32": pylsl.cf_int32,
    "string": pylsl.cf_string,
}


DTYPES = {"float32": "f4", "double64": "f8", "int16": "i2", "int32": "i4"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="amp")
    parser.add_argument("--source-id", default="amp-1")
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--real-rate", type=float, default=0.0)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--format", choices=FORMATS, default="float32")
    parser.add_argument("--chunk", type=int, default=40)
    args = parser.parse_args()
    info = pylsl.StreamInfo(
        args.name,
        "EMG",
        args.channels,
        args.rate,
        FORMATS[args.format],
        args.source_id,
    )
    channels = info.desc().append_child("channels")
    for k in range(args.channels):
        channel = channels.append_child("channel")
        channel.append_child_value("label", f"emg_{k + 1}")
        channel.append_child_value("unit", "microvolts")
    outlet = pylsl.StreamOutlet(info)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    period_s = args.chunk / (args.real_rate or args.rate)
    values = np.tile(np.arange(args.channels) + 1.0, (args.chunk, 1))
    if args.format == "string":
        values = [["text"] * args.channels] * args.chunk
    else:
        values = values.astype(DTYPES[args.format])
    due_s = time.monotonic()
    while True:
        due_s += period_s
        time.sleep(max(due_s - time.monotonic(), 0))
        outlet.push_chunk(values, pylsl.local_clock())


if __name__ == "__main__":
    main()
