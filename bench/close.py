"""Wall time and peak memory of one close, stage by stage, as a user runs it.

    python bench/close.py HOME MONTH

Stages are the five words; a stage's time is the sum of its steps in Dagster's own event log. Memory is the
largest resident set of the closing process and of its largest reading child (the kernel's own accounting).
"""

import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import dagster as dg

NOTICEABLE_SECONDS = 0.5


def main() -> None:
    """Close once and print the figures."""
    home, month = Path(sys.argv[1]), sys.argv[2]
    started = time.perf_counter()
    tickmark = Path(sys.executable).with_name("tickmark")
    ran = subprocess.run([tickmark, "close", month, "--home", home, "--quiet"], check=False)
    wall = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"exit {ran.returncode}, wall {wall:.1f} s, cpu {usage.ru_utime + usage.ru_stime:.1f} s")
    print(f"peak memory of the largest process {usage.ru_maxrss / 1024:.0f} MB")
    for stage, seconds in stages(home).items():
        print(f"  {stage:<12}{seconds:8.1f} s")


def stages(home: Path) -> dict[str, float]:
    """Seconds of each word, and its slowest steps, in the last run."""
    found: dict[str, float] = defaultdict(float)
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        run = instance.get_runs(limit=1)[0]
        for step in instance.get_run_step_stats(run.run_id):
            if step.start_time and step.end_time:
                seconds = step.end_time - step.start_time
                found[step.step_key.split("__")[0]] += seconds
                if seconds > NOTICEABLE_SECONDS:
                    found[f"  {step.step_key}"] = seconds
    return dict(found)


if __name__ == "__main__":
    main()
