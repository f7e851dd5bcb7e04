"""Which muscle of a person feels what, when there are several.

The actuators of one modality have an order. Pulses of output k reach muscle k and no
other. A hand, a zone of a mat or a vibrator k presses on muscle k, and on the muscles
beside it through the tissue. A stretch pulls at all of them, what a screen shows is for
all of them, and a needle is in the first.
"""

from collections.abc import Sequence
from dataclasses import replace

from drivers.subject.stimulation import Modality, Stimulation, Stimulations, each

#: A: assumption; of a pressure, so much is left one muscle further.
SITE_SHARE = 0.05
EVERYWHERE = (Modality.STRETCH, Modality.BIOFEEDBACK)

Routes = tuple[tuple[Stimulation, ...], ...]


def route(stimulations: Stimulations, n_muscles: int) -> Routes:
    """Return what every muscle feels.

    Pulses of more outputs than there are muscles reach nobody.
    """
    by_modality: dict[Modality, list[Stimulation]] = {}
    for one in each(stimulations):
        by_modality.setdefault(one.modality, []).append(one)
    return tuple(
        tuple(
            one
            for modality, sites in by_modality.items()
            for one in _arriving(modality, sites, muscle)
        )
        for muscle in range(n_muscles)
    )


def _arriving(
    modality: Modality, sites: Sequence[Stimulation], muscle: int
) -> Sequence[Stimulation]:
    if modality in EVERYWHERE:
        return sites
    if modality is Modality.NEEDLE:
        return sites if muscle == 0 else ()
    if modality is Modality.EMS:
        return sites[muscle : muscle + 1]
    weakened = (
        replace(site, level=site.level * SITE_SHARE ** abs(k - muscle))
        for k, site in enumerate(sites)
    )
    return (max(weakened, key=lambda one: one.level),)
