"""Programs as files: the same groups and names as `service.core.program`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from service.config.actuation import (
    ActuationTable,
    AnyActuation,
    EmsTable,
    PressureTable,
    actuation_data,
)
from service.config.base import ConfigModel, Name, Seconds
from service.config.fitting import IDLE, NO_PUSH, PLANS, ROWS, idle_of, misfit
from service.config.groups import (
    CalibrationConfig,
    ResponseConfig,
    SuccessConfig,
    TimingConfig,
)
from service.config.laws import DEFAULT_KIND, LAW_TABLES, AnyLawTable, law_data
from service.config.load import load_toml
from service.config.plans import (
    AssessTable,
    Contraindications,
    FeedbackTable,
    NeedlingTable,
    SearchTable,
    not_compiled,
)
from service.config.release_table import ReleaseTable, why_too_long
from service.config.targeted import TargetedTable
from service.config.touch import (
    MassageTable,
    MatPlanTable,
    PercussionTable,
    massage_data,
)
from service.core.actuators import ACTUATORS
from service.core.dose import ON_WINDOW_S
from service.core.limits import (
    COMPILED,
    Quantity,
    above_recommended,
    beyond_compiled,
)
from service.core.plans import Modality, SearchPlan
from service.core.program import (
    Bout,
    CalibrationPlan,
    Program,
    ResponsePlan,
    Success,
    Timing,
)
from service.core.rhythm import longest_on_s
from service.core.slew import ESTABLISHED_MEMORY_S, RETURN_RAMP_S
from service.errors import ConfigError

#: After a longer rest an amplitude is no longer familiar, and rises from zero. A.
LONGEST_REST_S = ESTABLISHED_MEMORY_S - RETURN_RAMP_S
#: A shorter touch never gets back: a ramp, and permits on their way. A.
SHORTEST_TOUCH_S = 1.6 * RETURN_RAMP_S

_BOUT = Bout()


class BoutConfig(ConfigModel):
    """``[bout]``: on, off, and where in the off part tone is measured."""

    on_s: Seconds = _BOUT.on_s
    off_s: Seconds = _BOUT.off_s
    settle_s: Seconds = _BOUT.settle_s
    push_s: Annotated[float, Field(ge=0, le=36)] = _BOUT.push_s
    rest_s: Annotated[float, Field(gt=0, le=LONGEST_REST_S)] = _BOUT.rest_s
    touches: Annotated[int, Field(ge=1, le=30)] = _BOUT.touches
    touch_s: Annotated[float, Field(ge=SHORTEST_TOUCH_S, le=10)] = _BOUT.touch_s

    @property
    def on_share(self) -> float:
        """Share of the time that is on."""
        return self.on_s / (self.on_s + self.off_s)

    @model_validator(mode="after")
    def _not_too_long_pushed(self) -> Self:
        bout = Bout(**self.model_dump())
        share = round(longest_on_s(bout) / ON_WINDOW_S, 6)
        most = COMPILED[Quantity.ON_FRACTION].absolute
        if self.push_s > 0 and self.on_share <= most < share:
            msg = (
                f"push_s: expected at most {most:g} of any minute on, got "
                f"{share:.3g}; make it shorter or rest longer"
            )
            raise ValueError(msg)
        if self.push_s > 0 and self.rest_s < self.off_s:
            msg = f"rest_s: expected at least off_s, got {self.rest_s:g} s"
            raise ValueError(msg)
        return self


def _on_share(actuation: ActuationTable, bout: BoutConfig) -> dict[Quantity, float]:
    """Return the on-time of the bouts, where the modality has any."""
    actuator = ACTUATORS.get(Modality(actuation.modality))
    has_bouts = "bout" not in IDLE.get(actuation.modality, frozenset())
    if actuator is None or actuator.on_fraction is None or not has_bouts:
        return {}
    return {actuator.on_fraction: bout.on_share}


class ProgramConfig(ConfigModel):
    """A program file."""

    name: Name
    title: Annotated[str, Field(min_length=1, max_length=120)]
    window_s: Annotated[float, Field(ge=0.25, le=5)] = Program().window_s
    wean_ma_per_s: Annotated[float, Field(gt=0, le=5)] = Program().wean_ma_per_s
    actuation: AnyActuation
    """What goes out, and up to which bounds."""

    bout: BoutConfig = BoutConfig()
    law: AnyLawTable = Field(default_factory=LAW_TABLES[DEFAULT_KIND])
    """The control law: each kind has parameters of its own."""

    success: SuccessConfig = SuccessConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    response: ResponseConfig = ResponseConfig()
    timing: TimingConfig = TimingConfig()
    assess: AssessTable = AssessTable()
    contraindications: Annotated[Contraindications, AfterValidator(not_compiled)] = (
        Field(default={})
    )
    """What is confirmed before a session besides the compiled checklist: a key and a
    sentence each.
    """

    feedback: FeedbackTable | None = None
    """Biofeedback; only where nothing is actuated."""

    needling: NeedlingTable | None = None
    """Observation of needling; only where nothing is actuated."""

    release: ReleaseTable | None = None
    """Pressure release; where pressure is actuated, or a therapist presses."""

    massage: MassageTable | None = None
    """Kneading and stroking; needed by massage."""

    percussion: PercussionTable | None = None
    """Percussion; needed by vibration."""

    mat: MatPlanTable | None = None
    """Zones of a mat; needed by a mat."""

    search: SearchTable | None = None
    """Search of the sensory and the motor threshold at the begin, with ``ems`` only."""

    @field_validator("bout")
    @classmethod
    def _not_too_long_on(cls, bout: BoutConfig, info: ValidationInfo) -> BoutConfig:
        actuation = info.data.get("actuation")
        beyond = beyond_compiled(_on_share(actuation, bout)) if actuation else []
        if beyond:
            raise ValueError(", ".join(beyond))
        if bout.push_s > 0 and actuation and actuation.modality in ROWS:
            raise ValueError(NO_PUSH)
        return bout

    targeted: TargetedTable | None = None
    """Several muscles, each with its own loop; only with EMS."""

    @model_validator(mode="after")
    def _targets_with_current(self) -> Self:
        if self.targeted is not None and self.actuation.modality != "ems":
            msg = (
                'targeted: expected [actuation] modality = "ems" with it, '
                f"got {self.actuation.modality}"
            )
            raise ValueError(msg)
        if self.targeted is not None and self.search is not None:
            msg = "search: expected without [targeted], it searches in one muscle only"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _fits_what_is_actuated(self) -> Self:
        stated = {name for name in PLANS if getattr(self, name) is not None}
        why = misfit(self.actuation.modality, stated, self.model_fields_set)
        if why:
            raise ValueError(why)
        return self

    @field_validator("release")
    @classmethod
    def _presses_no_longer_than_allowed(
        cls, release: ReleaseTable | None, known: ValidationInfo
    ) -> ReleaseTable | None:
        actuation = known.data.get("actuation")
        if release is not None and isinstance(actuation, PressureTable):
            why = why_too_long(release, actuation.max_amplitude_kpa)
            if why:
                raise ValueError(why)
        return release

    @model_validator(mode="after")
    def _light_before_deep(self) -> Self:
        row = self.massage or self.percussion
        if row is None:
            return self
        highest_hz = getattr(self.actuation, "frequency_hz", 0.0)
        why = row.trouble(Modality(self.actuation.modality), highest_hz)
        if why:
            table = "massage" if self.massage else "percussion"
            raise ValueError(f"{table}: {why}")
        return self

    @model_validator(mode="after")
    def _on_and_off_parts(self) -> Self:
        if "bout" in IDLE.get(self.actuation.modality, frozenset()):
            return self
        room_s = self.bout.off_s - self.bout.settle_s
        if room_s < self.window_s:
            msg = (
                "expected bout.off_s of at least bout.settle_s + window_s, so that "
                f"tone is measured without stimulation; got {self.bout.off_s:g} s"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _searches_below_its_bound(self) -> Self:
        table, plan = self.actuation, self._search()
        bound_ma = table.max_amplitude_ma if isinstance(table, EmsTable) else 0.0
        if plan is None:
            return self
        if not plan.start_ma <= plan.ceiling_ma <= bound_ma:
            msg = (
                "expected search.start_ma of at most search.ceiling_ma, and that of at "
                f"most actuation.max_amplitude_ma of a program with ems ({bound_ma:g} "
                f"mA), got {plan.start_ma:g} and {plan.ceiling_ma:g} mA"
            )
            raise ValueError(msg)
        return self

    def warnings(self) -> list[str]:
        """Return what is allowed but more than recommended, each with its table."""
        longest = {Quantity.TREATMENT_S: self.timing.treatment_s}
        acts = self.actuation.modality != "none"
        tables = {
            "actuation": self.actuation.warnings(),
            "bout": above_recommended(_on_share(self.actuation, self.bout)),
            "timing": above_recommended(longest if acts else {}),
        }
        return [f"{table}: {text}" for table, told in tables.items() for text in told]

    def to_core(self) -> Program:
        """Return the program as the core knows it."""
        row = self.massage or self.percussion
        return Program(
            name=self.name,
            title=self.title,
            window_s=self.window_s,
            wean_ma_per_s=self.wean_ma_per_s,
            **self.actuation.to_core(),
            modality=Modality(self.actuation.modality),
            bout=Bout(**self.bout.model_dump()),
            law=self.law.to_core(),
            success=Success(**self.success.model_dump()),
            calibration=CalibrationPlan(**self.calibration.model_dump()),
            response=ResponsePlan(**self.response.model_dump()),
            timing=Timing(**self.timing.model_dump()),
            assess=self.assess.to_core(),
            contraindications=tuple(self.contraindications.items()),
            feedback=self.feedback.to_core() if self.feedback else None,
            needling=self.needling.to_core() if self.needling else None,
            release=self.release.to_core() if self.release else None,
            massage=row.to_core() if row else None,
            mat=self.mat.to_core() if self.mat else None,
            search=self._search(),
            targeted=self.targeted.to_core() if self.targeted else None,
        )

    def _search(self) -> SearchPlan | None:
        bound_ma = getattr(self.actuation, "max_amplitude_ma", 0.0)
        return self.search.to_core(bound_ma) if self.search else None

    @classmethod
    def from_core(cls, program: Program) -> Self:
        """Return the file that `to_core` would read as ``program``."""
        return cls.model_validate(program_data(program))


#: Groups that have the same names in the file and in the core.
_GROUPS = ("bout", "success", "calibration", "response", "timing")


def program_data(program: Program) -> dict[str, Any]:
    """Return a program as the tables of its file."""
    actuation: dict[str, Any] = {"modality": program.modality.value}
    if program.actuates:
        actuation |= actuation_data(program)
    data = {
        "name": program.name,
        "title": program.title,
        "window_s": program.window_s,
        "wean_ma_per_s": program.wean_ma_per_s,
        "actuation": actuation,
        **{group: asdict(getattr(program, group)) for group in _GROUPS},
        "law": law_data(program.law),
        "assess": {
            "measures": [measure.value for measure in program.assess.measures],
            "wait_s": program.assess.wait_s,
        },
        "contraindications": dict(program.contraindications),
    }
    for plan in ("feedback", "needling", "mat", "release", "search", "targeted"):
        stated = getattr(program, plan)
        if stated is not None:
            data[plan] = asdict(stated)
    if program.massage is not None:
        name, table = massage_data(program.massage, program.frequency_hz)
        data[name] = table
    plans = {name for name in PLANS if name in data}
    return _without(data, idle_of(program.modality, plans))


def _without(data: dict[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


def load_programs(folder: Path) -> dict[str, Program]:
    """Return every program in a folder by name; raise `ConfigError` on a wrong one."""
    programs: dict[str, Program] = {}
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        msg = f"{folder}: expected programs (*.toml), found none"
        raise ConfigError(msg)
    for path in paths:
        program = load_toml(path, ProgramConfig).to_core()
        if program.name in programs:
            msg = f"{path}: there is a program {program.name!r} already; rename one"
            raise ConfigError(msg)
        programs[program.name] = program
    return programs
