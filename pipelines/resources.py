"""The environment and the clock enter here, and only here.

Lives here: which home, which instant, which secrets, the run made of them. Imports no engine, so that
every command answers at once. Does not live here: what is done with them.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickmark.errors import BadSpecError
from tickmark.home import VOCABULARIES, Home
from tickmark.monthrun import MonthRun
from tickmark.months import Month

if TYPE_CHECKING:
    from tickmark.specbook import SpecBook

CHECKOUT = Path(__file__).resolve().parents[1]


def home_folder() -> Path:
    """The home named by TICKMARK_HOME; raise BadSpecError where it is not set."""
    folder = os.environ.get("TICKMARK_HOME")
    if not folder:
        raise BadSpecError(
            "E-HOME-UNSET",
            "a home: TICKMARK_HOME or --home",
            repair="make one with `tickmark init DIR`, then export TICKMARK_HOME=DIR",
        )
    return Path(folder)


def secret(name: str) -> str | None:
    """A secret from the environment."""
    return os.environ.get(name)


def spec_book(home: Path, *own: Path) -> "SpecBook":
    """The shipped specs with files of the user's before them, and what a home has fetched for them."""
    from tickmark.specbook import SpecBook

    return SpecBook(CHECKOUT / "tokenizer_specs", own, home / VOCABULARIES)


class HubSettings(NamedTuple):
    """How a hub is reached, as its own library finds it: `HF_ENDPOINT`, `HF_TOKEN` or `hf auth login`."""

    endpoint: str
    token: str | None = None
    is_offline: bool = False


def hub_settings() -> HubSettings:
    """The hub of this machine."""
    from huggingface_hub import constants, get_token, is_offline_mode

    # Looking for a token may refresh it, which needs the network.
    tokenless = is_offline_mode() or constants.HF_HUB_DISABLE_IMPLICIT_TOKEN
    return HubSettings(constants.ENDPOINT, None if tokenless else get_token(), is_offline_mode())


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def month_run(home: Home, month: Month, as_of: datetime | None, progress: Callable[[str], None]) -> MonthRun:
    """A run over a month: to its end, or to `as_of` or now where it is not over."""
    now = utc_now()
    until = min(as_of or now, month.end)
    return MonthRun(home, month, until, now, CHECKOUT, progress)
