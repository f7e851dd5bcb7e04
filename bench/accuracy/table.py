"""The table: every method on every mixture."""

from collections.abc import Callable

from bench.accuracy.methods import Estimate, default_chain, ours, plain_rms
from bench.accuracy.mixtures import Mixture, mixtures
from bench.accuracy.peers import peer_estimates
from bench.accuracy.score import Score, score

OURS = "unclench"
METHODS: dict[str, Callable[[Mixture], Estimate]] = {
    OURS: ours,
    "EmgChain": default_chain,
    "plain RMS": plain_rms,
}
OWN_METHODS = set(METHODS)


def scores(*, quick: bool = False) -> list[Score]:
    """Return one score per mixture and method; peers only where they are installed."""
    rows = mixtures(quick=quick)
    peers = {} if quick else peer_estimates(rows)
    found = []
    for k, mixture in enumerate(rows):
        found += [score(mixture, name, run(mixture)) for name, run in METHODS.items()]
        found += [score(mixture, name, said[k]) for name, said in peers.items()]
    return found
