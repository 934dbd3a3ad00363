"""A home: the folder a company keeps for Tickmark, its configuration and its layout.

Lives here: `tickmark.yaml` and `policy.yaml` as typed objects, and where everything lies.
Does not live here: the environment, the clock, and what a run does (monthrun.py).
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from tickmark import mapping, strictyaml
from tickmark.endpoints import Endpoints
from tickmark.errors import BadSpecError, Where
from tickmark.intake.reader import FORMATS
from tickmark.strictyaml import Strict

CONFIG, POLICY = "tickmark.yaml", "policy.yaml"
VOCABULARIES = "vocabularies"
"""Folder of a home that keeps what `tickmark specs fetch` got, by sha256."""


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=12, decimal_places=6)]
Usd = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=6)]


class SourceConfig(Strict):
    """One kind of file that is delivered."""

    name: Name
    """Name of this source in every table."""
    format: str
    """A name that `tickmark formats` lists."""
    files: str
    """Glob below the home; `{month}` stands for the month that is closed, like 2026-10."""
    account: Name = "default"
    """The account at the provider that these files speak about."""
    provider: str | None = None
    """The provider of records that name none (some logs do not); what a record says is never replaced."""
    required: bool = True
    """False: the close goes on where no file is found."""
    manifest: str | None = None
    """Glob of the sender's manifests: which files, with how many records or which sha256."""


class TextConfig(Strict):
    """The private zone that holds prompt text."""

    retain_days: Annotated[int, Field(ge=0)] = 90
    """Days after which the text of a month is deleted; counts stay."""


class Config(Strict):
    """`tickmark.yaml`."""

    gateways: tuple[SourceConfig, ...]
    bills: tuple[SourceConfig, ...]
    model_aliases: dict[str, dict[str, str]] = Field(default_factory=dict)
    """By provider: what its documents call a model, and what your logs call it."""
    contracts: str = "rate_cards/*.yaml"
    specs: str = "tokenizer_specs"
    """Folder of your own tokenizer specs below the home; their rules go before the shipped ones."""
    mappings: str = "mappings/*.yaml"
    """Your own formats, one mapping file each (`tickmark map`)."""
    policy: str = POLICY
    text: TextConfig = TextConfig()
    alerts: Endpoints = ()


class ClosePolicy(Strict):
    """When the month is closed, and when a close counts as overdue."""

    day: Annotated[int, Field(ge=1, le=28)] = 4
    hour_utc: Annotated[int, Field(ge=0, le=23)] = 6
    max_age_days: Annotated[int, Field(ge=1)] = 40


class IntakePolicy(Strict):
    """How much may be set aside before a close is only a draft."""

    max_quarantined_share: Share = Decimal("0.001")
    min_gap_attempts: Annotated[int, Field(ge=1)] = 50
    max_silent_share: Share = Decimal("0.25")


class ReconcilePolicy(Strict):
    """Tolerances of the tie-outs."""

    within_tolerance_share: Share = Decimal("0.005")
    invoice_variance_share: Share = Decimal("0.10")
    tieout_variance_share: Share = Decimal("0.05")
    logged_vs_usage_share: Share = Decimal("0.03")
    unlogged_spend_share: Share = Decimal("0.01")
    materiality_usd: Usd = Decimal("0.01")


class TrendPolicy(Strict):
    """Changes of behaviour inside a month; small samples never raise a flag."""

    retry_rate_points: Share = Decimal("0.05")
    cache_hit_points: Share = Decimal("0.10")
    cache_billed_share: Share = Decimal("0.90")
    min_attempts: Annotated[int, Field(ge=1)] = 100
    min_sigma: Annotated[int, Field(ge=1)] = 3


class LcprPolicy(Strict):
    """Costs of a successful request that no invoice in scope shows; zero until someone measures them."""

    engineering_hours: Usd = Decimal(0)
    usd_per_hour: Usd = Decimal(0)
    repair_usd_per_failure: Usd = Decimal(0)
    confidence: Literal["assumed", "estimated", "measured_in_logs"] = "assumed"


class Policy(Strict):
    """`policy.yaml`: every threshold, each with the default of the design."""

    close: ClosePolicy = ClosePolicy()
    intake: IntakePolicy = IntakePolicy()
    reconcile: ReconcilePolicy = ReconcilePolicy()
    trend: TrendPolicy = TrendPolicy()
    lcpr: LcprPolicy = LcprPolicy()

    def figures(self) -> list[tuple[str, Decimal]]:
        """Every numeric threshold as (`reconcile.invoice_variance_share`, 0.10), for SQL."""
        groups = self.model_dump().items()
        pairs = ((f"{group}.{name}", value) for group, fields in groups for name, value in fields.items())
        return [(name, Decimal(value)) for name, value in pairs if not isinstance(value, str)]


class Home:
    """A home on disk. Raises BadSpecError where a file of it is missing or wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.config = _load(self.folder, CONFIG, Config)
        self._check_patterns()
        self.policy = _load(self.folder, self.config.policy, Policy)
        self.formats = mapping.load_all(self.mappings.values(), FORMATS)
        self._check_sources()

    @property
    def mappings(self) -> dict[str, Path]:
        """Mapping files by the name of the format that they make."""
        return {path.stem: path for path in sorted(self.folder.glob(self.config.mappings))}

    @property
    def own_specs_folder(self) -> Path:
        """Where the home keeps its own specs; it may be absent."""
        return self.folder / self.config.specs

    @property
    def own_specs(self) -> list[Path]:
        """The home's own specs."""
        return sorted(self.own_specs_folder.glob("*.yaml"))

    @property
    def vocabularies(self) -> Path:
        return self.folder / VOCABULARIES

    @property
    def bills(self) -> Path:
        """Where collectors put what they fetch."""
        return self.folder / "landing" / "bills"

    @property
    def finance(self) -> Path:
        return self.folder / "finance.duckdb"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def private(self) -> Path:
        return self.folder / "private"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def dagster(self) -> Path:
        return self.folder / "dagster"

    @property
    def outbox(self) -> Path:
        return self.state / "outbox.sqlite"

    def report(self, month: str) -> Path:
        return self.folder / "reports" / month / "report.html"

    def _check_patterns(self) -> None:
        sources = (*self.config.gateways, *self.config.bills)
        patterns = [(f"{source.name}.files", source.files) for source in sources]
        patterns += [(f"{source.name}.manifest", source.manifest) for source in sources if source.manifest]
        for field, pattern in [
            *patterns,
            ("contracts", self.config.contracts),
            ("policy", self.config.policy),
            ("specs", self.config.specs),
            ("mappings", self.config.mappings),
        ]:
            if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                raise BadSpecError(
                    "E-CONFIG-PATH",
                    "a path inside the home",
                    where=Where(CONFIG, field=field),
                    repair="move or mount the files below the home and name them relative to it",
                )
            try:
                next(self.folder.glob(pattern), None)
            except ValueError as error:
                raise BadSpecError(
                    "E-CONFIG-GLOB",
                    f"a path or a glob ({error})",
                    where=Where(CONFIG, field=field),
                    repair="write it like landing/bills/invoices*{month}*",
                ) from None

    def _check_sources(self) -> None:
        names: set[str] = set()
        for side, sources in (("gateway", self.config.gateways), ("bill", self.config.bills)):
            for source in sources:
                known = self.formats.get(source.format)
                if known is None or known.side != side:
                    raise BadSpecError(
                        "E-CONFIG-FORMAT",
                        f"a {side} format",
                        where=Where(CONFIG, field=f"{source.name}.format"),
                        repair="take a name from `tickmark formats`",
                    )
                if source.name in names:
                    raise BadSpecError(
                        "E-CONFIG-NAME",
                        "each source name once",
                        where=Where(CONFIG, field=source.name),
                        repair="rename one of the two sources",
                    )
                names.add(source.name)


Model = TypeVar("Model", bound=BaseModel)


def _load(folder: Path, name: str, model: type[Model]) -> Model:
    path = folder / name
    if not path.is_file():
        raise BadSpecError(
            "E-HOME-MISSING",
            "this file of a Tickmark home",
            where=Where(name),
            repair="make a home with `tickmark init DIR`, or name it with --home",
        )
    return strictyaml.load_as(path, name, model)
