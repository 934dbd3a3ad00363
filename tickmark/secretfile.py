"""A secret in a file: private, small, text, not empty.

Lives here: reading it; every complaint is worded by the caller's error, and none shows the content.
Does not live here: which file (endpoints.py, pipelines/pull/), and the environment.
"""

from collections.abc import Callable
from pathlib import Path

from tickmark.errors import BadSpecError

_BYTES_MAX = 65_536


def read(path: Path, bad: Callable[[str, str], BadSpecError]) -> str:
    """The text of a secret file without the space around it; raise `bad(expected, repair)`."""
    try:
        status = path.stat()
        if status.st_mode & 0o077:
            raise bad("a file only its owner can read", "chmod 600 the file")
        if status.st_size > _BYTES_MAX:
            raise bad("a file of at most 64 KB", "name the file that holds the secret alone")
        text = path.read_text("utf-8").strip()
    except (OSError, ValueError):
        raise bad("a readable UTF-8 file", "create the file, or correct its name") from None
    if not text:
        raise bad("a file that is not empty", "write the secret into it")
    return text
