"""The arming ceremony: a named person, a checklist, an allowed site, a held button."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

#: The button is held for this long. A: engineering proposal.
HOLD_TO_ARM_S = 5.0

#: A held button repeats itself at least this often. A.
PRESS_GAP_S = 1.0

#: A token that was earned and not used is void after this long. A.
TOKEN_LIFE_S = 10.0

#: The signal must have been good for this long before arming. A.
ARM_GOOD_S = 5.0

#: An operator who has not been heard of for this long is gone. A: dead-man heartbeat.
OPERATOR_GONE_S = 2.0

#: What must be confirmed of the person, each by its key. From the manuals of surface
#: stimulators (RehaStim2; AS 60601.2.10); the wording is this project's.
CHECKLIST: Mapping[str, str] = {
    "no_active_implant": "no pacemaker, defibrillator or other active implant",
    "no_pregnancy": "no pregnancy",
    "no_cancer_near_site": "no cancer near the site",
    "no_inflammation": "no swelling, infection or inflammation at the site",
    "skin_intact": "no open wound or rash under the electrodes",
    "no_thrombosis": "no thrombosis, phlebitis or varicose veins at the site",
    "no_unhealed_fracture": "no unhealed fracture near the site",
    "no_recent_metal": "no metal implant of the last 3 months near the site",
    "sensation_normal": "no loss of sensation at the site",
    "no_epilepsy": "no epilepsy",
    "no_heart_disease": "no heart disease",
    "no_autonomic_dysreflexia": "no autonomic dysreflexia",
    "no_bleeding_tendency": "no tendency to bleed",
    "no_recent_surgery": "no recent surgery near the site",
    "muscle_innervated": "the muscle is not denervated",
    "no_severe_osteoporosis": "no severe osteoporosis",
    "no_severe_spasticity": "no severe spasticity",
    "no_gel_allergy": "no allergy to gel or electrodes",
    "adult": "18 years or older",
    "at_rest": "not driving, not operating a machine",
    "no_hf_nearby": "no high-frequency surgery or shortwave device nearby",
    "can_stop": "able to reach and press the stop of the device",
}

#: Where electrodes may be: both pads of a pair on one site. Never on head, eyes or the
#: front of the neck, never across the chest or from left to right over the back.
SITES: Mapping[str, str] = {
    "trapezius_upper": "upper trapezius, both pads on the same side",
    "neck_posterior": "back of the neck, both pads on the same side",
    "deltoid": "deltoid",
    "biceps": "biceps brachii",
    "triceps": "triceps brachii",
    "forearm_flexors": "forearm flexors",
    "forearm_extensors": "forearm extensors",
    "erector_spinae_lumbar": "lumbar erector spinae, both pads on the same side",
    "gluteus": "gluteus maximus",
    "quadriceps": "quadriceps femoris",
    "hamstrings": "hamstrings",
    "calf": "triceps surae",
    "tibialis_anterior": "tibialis anterior",
}


@dataclass(frozen=True, slots=True)
class Safety:
    """What this rig demands of its operator.

    Parameters
    ----------
    ceremony : bool
        Whether arming needs the ceremony: only rigs without a body go without.
    presence : bool
        Whether an operator must show to be there while a session is armed.
    site : str
        Where the electrodes of the actuated channel are; empty if nobody said.
    """

    ceremony: bool = False
    presence: bool = False
    site: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """The button that is held to arm.

    Parameters
    ----------
    token : str
        What this holding earns; empty when there is none.
    since_s, last_s : float
        Begin of the holding and its newest sign.
    """

    token: str = ""
    since_s: float = 0.0
    last_s: float = 0.0

    def pressed(self, t_s: float, token: str) -> "Button":
        """Return the button after one more sign of being held.

        Parameters
        ----------
        t_s : float
            Now.
        token : str
            What a new holding would earn.

        Returns
        -------
        Button
            The same holding goes on if its last sign is recent.
        """
        if self.token and t_s - self.last_s <= PRESS_GAP_S:
            return replace(self, last_s=t_s)
        return Button(token, t_s, t_s)

    @property
    def held_s(self) -> float:
        """How long it has been held."""
        return self.last_s - self.since_s if self.token else 0.0

    def why_not(self, t_s: float, token: str) -> str:
        """Say why a token does not arm.

        Parameters
        ----------
        t_s : float
            Now.
        token : str
            What the operator has.

        Returns
        -------
        str
            A sentence; empty when it does.
        """
        if not token or token != self.token:
            return "this token is unknown or used: hold the button for a new one"
        if self.held_s < HOLD_TO_ARM_S:
            return (
                f"the button was held for {self.held_s:.1f} s, "
                f"expected {HOLD_TO_ARM_S:g} s"
            )
        if t_s - self.last_s > TOKEN_LIFE_S:
            return f"this token is older than {TOKEN_LIFE_S:g} s: hold the button again"
        return ""


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """What comes with a request to arm.

    Parameters
    ----------
    token : str
        Earned by holding the button.
    operator : str
        Name of the person who answers for this session.
    site : str
        Where the electrodes are.
    confirmed : tuple of str
        Keys of the checklist that were confirmed.
    """

    token: str = ""
    operator: str = ""
    site: str = ""
    confirmed: tuple[str, ...] = ()

    def why_not(self, safety: Safety, extra: tuple[tuple[str, str], ...] = ()) -> str:
        """Say what is missing.

        Parameters
        ----------
        safety : Safety
            What the rig demands.
        extra : tuple of (str, str)
            Keys and sentences of what the program asks to be confirmed as well.

        Returns
        -------
        str
            A sentence; empty when nothing is.
        """
        if not self.operator.strip():
            return "expected the name of the operator"
        if safety.site not in SITES:
            known = ", ".join(SITES)
            return f"the rig file names no site of the electrodes, expected {known}"
        if self.site != safety.site:
            return f"expected the electrodes at {safety.site}, got {self.site!r}"
        return self.why_not_confirmed((*CHECKLIST.items(), *extra))

    def why_not_confirmed(self, items: tuple[tuple[str, str], ...]) -> str:
        """Say which items of a checklist are open.

        Parameters
        ----------
        items : tuple of (str, str)
            Keys and sentences.

        Returns
        -------
        str
            A sentence; empty when none is.
        """
        open_items = [words for key, words in items if key not in self.confirmed]
        return f"not confirmed: {'; '.join(open_items)}" if open_items else ""
