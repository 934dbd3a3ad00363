"""`tickmark` for the error gallery: one process imports the program, and each command is a fork of it.

Lives here: running a command as a user would, with its own working folder, environment, outputs and
limits, without paying seconds of imports each time. Does not live here: what is run (gallery.py).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from tests.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
OWN = ("TICKMARK_", "DAGSTER_", "OPENAI_", "ANTHROPIC_", "OPENROUTER_", "HF_")


class Commands:
    """A server of forks; use it as a context."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.errors.command"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        self._server = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=60)

    def run(self, arguments: Sequence[str], folder: Path, **special: Any) -> Ran:
        """Run one command in a folder; `special` is what `_become` understands."""
        with tempfile.TemporaryDirectory() as outputs:
            out, err = Path(outputs, "out"), Path(outputs, "err")
            job = {"arguments": arguments, "folder": str(folder), "out": str(out), "err": str(err), **special}
            assert self._server.stdin is not None
            assert self._server.stdout is not None
            self._server.stdin.write(json.dumps(job) + "\n")
            self._server.stdin.flush()
            code = int(self._server.stdout.readline())
            return Ran(code, out.read_text(), err.read_text())


def main() -> None:
    """Import the program once, then fork for every job on stdin."""
    import great_expectations  # noqa: F401 - imported here, so that no fork pays for it

    from pipelines import cli, in_process, resources, run, views  # noqa: F401 - same
    from tickmark import parity  # noqa: F401 - same

    for line in sys.stdin:
        job = json.loads(line)
        if (child := os.fork()) == 0:
            os._exit(_become(job, cli.main))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the protocol


def _become(job: Mapping[str, Any], program: Any) -> int:
    """In the fork: become the command."""
    from pipelines import resources
    from pipelines.pull.reports import PROVIDERS
    from tickmark.intake import sources

    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(job["folder"])
    os.environ.update(COLUMNS="1000", **job.get("environment", {}))
    sys.argv = ["tickmark", *job["arguments"]]
    if "checkout" in job:
        resources.CHECKOUT = Path(job["checkout"])
    for name, origin in job.get("origins", {}).items():
        PROVIDERS[name] = replace(PROVIDERS[name], origin=origin)
    if "child_memory" in job:
        sources.MEMORY_BYTES = job["child_memory"]
    if "file_bytes" in job:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], job["file_bytes"]))
    code = 1
    try:
        program()
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
