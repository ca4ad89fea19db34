# SPDX-License-Identifier: BSD-2-Clause
"""Where the build leaves the images that boot: <build>/qemu_virt/."""
from __future__ import annotations

from pathlib import Path

from .common import TenonError, build_dir, write_atomic

NAMES = ("tenon.bin", "tenon-hv.bin")


def find_image(name: str) -> Path:
    """An image of our own build, by its file name; the newest if the build has it in several places."""
    found = [path for path in build_dir().rglob(name) if path.is_file()]
    if not found:
        raise TenonError(f"there is no {name} in {build_dir()}",
                         "run 'make' first (or set TENON_BUILD to another build directory)")
    return max(found, key=lambda path: path.stat().st_mtime)


def collect() -> None:
    """Put each image at its place in <build>/qemu_virt/, wherever Meson's layout made it."""
    for name in NAMES:
        source, target = find_image(name), build_dir() / "qemu_virt" / name
        if source != target and not (target.is_file() and target.read_bytes() == source.read_bytes()):
            write_atomic(target, source.read_bytes())
