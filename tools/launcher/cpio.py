# SPDX-License-Identifier: BSD-2-Clause
"""Write cpio archives in the 'newc' format that Linux unpacks as an initramfs. Reproducible, needs no root."""
from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Dict, Tuple

S_IFDIR, S_IFREG, S_IFLNK, S_IFCHR = 0o040000, 0o100000, 0o120000, 0o020000


class Archive:
    """A tree of files in memory. Adding a path again replaces it; missing parent folders are made."""

    def __init__(self) -> None:
        self._entries: Dict[str, Tuple[int, bytes, Tuple[int, int]]] = {}

    def add_folder(self, path: str, mode: int = 0o755) -> None:
        """A folder and its parents. A folder that is there already, or a link to one, is kept."""
        name = clean_path(path)
        if name in self._entries or not name:
            return
        self._add_parents(name)
        self._entries[name] = (S_IFDIR | mode, b"", (0, 0))

    def add_file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """A regular file."""
        self._put(path, S_IFREG | mode, data)

    def add_link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._put(path, S_IFLNK | 0o777, target.encode())

    def add_device(self, path: str, major: int, minor: int, mode: int = 0o600) -> None:
        """A character device."""
        self._put(path, S_IFCHR | mode, b"", (major, minor))

    def add_tree(self, source: Path, keep=lambda path: True) -> None:
        """Everything below a folder of the host for which keep(path in the guest) holds; owners become root."""
        for folder, folders, files in os.walk(source):
            folders.sort()
            for name in sorted(folders + files):
                real = Path(folder) / name
                path = str(PurePosixPath("/") / real.relative_to(source).as_posix())
                if keep(path):
                    self.add_from_host(path, real)

    def add_from_host(self, path: str, real: Path) -> None:
        """One file, link or folder of the host, with its permissions."""
        mode = real.lstat().st_mode
        if stat.S_ISLNK(mode):
            self.add_link(path, os.readlink(real))
        elif stat.S_ISDIR(mode):
            self.add_folder(path, stat.S_IMODE(mode) & 0o777)
        elif stat.S_ISREG(mode):
            self.add_file(path, real.read_bytes(), stat.S_IMODE(mode) & 0o777)

    def to_bytes(self) -> bytes:
        """The archive: entries sorted by name (so folders come first), times zero, numbered in order."""
        out = []
        for number, name in enumerate(sorted(self._entries), 1):
            mode, data, device = self._entries[name]
            out.append(record(number, name, mode, data, device))
        out.append(record(0, "TRAILER!!!", 0, b"", (0, 0)))
        return b"".join(out)

    def _put(self, path: str, mode: int, data: bytes, device: Tuple[int, int] = (0, 0)) -> None:
        name = clean_path(path)
        self._add_parents(name)
        self._entries[name] = (mode, data, device)

    def _add_parents(self, name: str) -> None:
        parent = str(PurePosixPath(name).parent)
        if parent != ".":
            self.add_folder(parent)


def clean_path(path: str) -> str:
    """The name inside the archive: relative, no empty parts; '..' is refused."""
    parts = [part for part in PurePosixPath("/" + path).parts[1:] if part != "."]
    if ".." in parts:
        raise ValueError(f"'..' in a path of an archive: {path}")
    return "/".join(parts)


def record(number: int, name: str, mode: int, data: bytes, device: Tuple[int, int]) -> bytes:
    """One header with its name and data, each padded to four bytes."""
    links = 2 if mode & 0o170000 == S_IFDIR else 1
    fields = [number, mode, 0, 0, links, 0, len(data), 0, 0, device[0], device[1], len(name.encode()) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return pad(head) + pad(data)


def pad(data: bytes) -> bytes:
    """Zero bytes up to a multiple of four."""
    return data + bytes(-len(data) % 4)
