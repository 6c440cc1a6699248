"""
What stands at the top of a compound file (MS-CFB), the box in which the old Word and Excel keep their streams.

Only the directory is read.  An embedded object brings streams of its own, so that names alone do not tell a text with a table in it from
a table with a text in it: what counts is what hangs on the root.  Nothing in the bytes is believed: every chain has an end.
"""

import struct
from collections.abc import Iterator

HEAD = bytes.fromhex("d0cf11e0a1b11ae1")
_entry_bytes = 128
_sectors_in_head = 109
# A directory of more entries than that is none of a document's.
_entries_max = 4_096
# Numbers from here on mean the end of a chain, a free sector or no entry.
_NONE_FROM = 0xFFFFFFFA


def root_names(content: bytes) -> frozenset[str]:
    """How the streams and folders at the top of *content* are called; empty if it is no compound file, or one that is broken."""
    if not content.startswith(HEAD):
        return frozenset()
    try:
        return frozenset(_names(_directory(content)))
    except (struct.error, IndexError, ValueError):
        return frozenset()


def _directory(content: bytes) -> list[bytes]:
    shift, first = struct.unpack_from("<H", content, 30)[0], struct.unpack_from("<I", content, 48)[0]
    if shift not in (9, 12):
        raise ValueError(shift)
    size = 1 << shift
    found = b"".join(_chain(content, first, size, _table(content, size)))
    return [found[at : at + _entry_bytes] for at in range(0, len(found), _entry_bytes)]


def _table(content: bytes, size: int) -> list[int]:
    """Which sectors of the file say what follows on a sector, in order: those that its head names, then those of the chain behind it."""
    found = list(struct.unpack_from(f"<{_sectors_in_head}I", content, 76))
    following, seen = struct.unpack_from("<I", content, 68)[0], 0
    while following < _NONE_FROM and seen * size < len(content):
        *more, following = struct.unpack(f"<{size // 4}I", _sector(content, following, size))
        found += more
        seen += 1
    return found


def _chain(content: bytes, first: int, size: int, table: list[int]) -> Iterator[bytes]:
    sector, left = first, _entries_max * _entry_bytes // size
    while sector < _NONE_FROM and left:
        yield _sector(content, sector, size)
        of_table, place = divmod(sector, size // 4)
        sector = struct.unpack_from("<I", _sector(content, table[of_table], size), 4 * place)[0]
        left -= 1


def _sector(content: bytes, number: int, size: int) -> bytes:
    found = content[(number + 1) * size : (number + 2) * size]
    if not found:
        raise ValueError(number)
    # Not every writer fills the last one.
    return found.ljust(size, b"\0")


def _names(entries: list[bytes]) -> Iterator[str]:
    """The entries that hang on the first one: a tree, each with those before and behind it."""
    waiting, seen = [struct.unpack_from("<I", entries[0], 76)[0]], set[int]()
    while waiting:
        number = waiting.pop()
        if number >= len(entries) or number in seen:
            continue
        seen.add(number)
        length = struct.unpack_from("<H", entries[number], 64)[0]
        yield entries[number][: max(length - 2, 0)].decode("utf-16-le", "replace")
        waiting += struct.unpack_from("<II", entries[number], 68)
