"""Word 3, reconcile: do both sides agree, link by link, and if not, why? All of it is `sql/reconcile/`."""

from assets._sql import selects, sql_asset

ASSETS = [sql_asset(path) for path in selects("reconcile")]
