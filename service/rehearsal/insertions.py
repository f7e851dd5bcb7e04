"""What whoever marks insertions does while a therapist of a rehearsal needles."""

#: A needle goes in so often, and so many times.
NEEDLE_EVERY_S = 5.0
N_NEEDLES = 6


def next_verb(n_insertions: int, treated_s: float) -> str:
    """Return ``mark`` when a needle goes in, ``finish`` after the last, or nothing."""
    if treated_s < NEEDLE_EVERY_S * (n_insertions + 1):
        return ""
    return "mark" if n_insertions < N_NEEDLES else "finish"
