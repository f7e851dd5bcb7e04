"""``python -m bench.sender NAME``: EMG-like noise over LSL, each chunk stamped as sent.

Made beforehand, so that what is measured is the loop and not the synthesis.
"""

import os
import sys
import threading
import time

import numpy as np

from drivers.liblsl import load_pylsl

RATE_HZ = 2048.0
N_CHANNELS = 8
CHUNK = 32
NOISE_UV = 20.0
STDIN_FD = 0


def main(name: str) -> None:
    """Send until standard input closes."""
    lsl = load_pylsl()
    info = lsl.StreamInfo(name, "EMG", N_CHANNELS, RATE_HZ, lsl.cf_float32, name)
    channels = info.desc().append_child("channels")
    for k in range(N_CHANNELS):
        channel = channels.append_child("channel")
        channel.append_child_value("label", f"emg_{k + 1}")
        channel.append_child_value("unit", "microvolts")
    outlet = lsl.StreamOutlet(info)
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    rng = np.random.default_rng(1)
    noise_uv = rng.standard_normal((64, CHUNK, N_CHANNELS)).astype(np.float32)
    noise_uv *= NOISE_UV
    due_s, k = time.monotonic(), 0
    while not ended.is_set():
        due_s += CHUNK / RATE_HZ
        time.sleep(max(due_s - time.monotonic(), 0.0))
        outlet.push_chunk(noise_uv[k % len(noise_uv)], lsl.local_clock())
        k += 1


def _await_end(ended: threading.Event) -> None:
    while os.read(STDIN_FD, 1):
        pass
    ended.set()


if __name__ == "__main__":
    main(sys.argv[1])
