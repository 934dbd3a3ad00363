"""Word 4, redflags: what must someone look at today? One SELECT per flag; any row fires it.

A flag is an asset check of severity WARN on its own table: it rings the bell and never stops a run.
"""

import dagster as dg

from assets._sql import key, selects, sql_asset

FLAGS = [path for path in selects("redflags") if path.stem != "fired"]


def _quiet(flag: str) -> dg.AssetCheckSpec:
    said = "No row, nothing to look at. Any row is a red flag; the run goes on."
    return dg.AssetCheckSpec("quiet", asset=key("redflags." + flag), description=said)


ASSETS = [
    *(sql_asset(path, _quiet(path.stem)) for path in FLAGS),
    *(sql_asset(path) for path in selects("redflags") if path not in FLAGS),
]
