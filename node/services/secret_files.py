"""A secret that a gateway needs, in a file of its own: what stands in the settings or in the environment is read by more than the node."""

import os
from pathlib import Path

from node.domain.refusal import Code, Refusal

_bytes_max = 4_096


def secret_of(file: Path, setting: str) -> str:
    """
    The one line that *file*, which *setting* names, holds; without the end of the line.

    Raises:
        Refusal: SECRET_FILE_MISSING, if it cannot be read; SECRET_FILE_EXPOSED, if others than its owner may read or write it;
            SECRET_FILE_BROKEN, if it is empty, longer than a secret, or not one line of ASCII, which is all that SMTP signs in with.
    """
    facts = {"setting": setting, "file": str(file)}
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & 0o077:
                raise Refusal(Code.SECRET_FILE_EXPOSED, **facts)
            content = opened.read(_bytes_max + 1)
    except OSError as error:
        raise Refusal(Code.SECRET_FILE_MISSING, fault=type(error).__name__, **facts) from None
    try:
        secret = content.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    if not secret or len(content) > _bytes_max or "\n" in secret or "\r" in secret:
        raise Refusal(Code.SECRET_FILE_BROKEN, **facts)
    return secret
