# SPDX-License-Identifier: BSD-2-Clause
"""Write TF-A's Firmware Image Package: a table of contents (UUID, offset, size, flags) before the images."""
from __future__ import annotations

import struct
from typing import List, Tuple

TOC_NAME = 0xAA640001          # include/tools_share/firmware_image_package.h
TOC_SERIAL = 0x12345678
ALIGN = 4096
HEADER = struct.Struct("<IIQ")
ENTRY = struct.Struct("<16sQQQ")

# The images that QEMU's platform loads, by the names that TF-A's fiptool gives them.
UUIDS = {
    "tb-fw": "5ff9ec0b4d223e4da544c39d81c73f0a",
    "soc-fw": "47d4086d4cfe98469b952950cbbd5a00",
    "tos-fw": "05d0e18953dc13478d2b500a4b7a3e38",
    "tos-fw-extra1": "0b70c29b2a5a78409f650a5682738288",
    "tos-fw-extra2": "8ea87bb1cfa23f4d85fde7bba50220d9",
}


def build(images: List[Tuple[str, bytes]]) -> bytes:
    """A package with the given images, in this order. Names are keys of UUIDS."""
    position = align(HEADER.size + ENTRY.size * (len(images) + 1))
    toc = HEADER.pack(TOC_NAME, TOC_SERIAL, 0)
    body = b""
    start = position
    for name, data in images:
        toc += ENTRY.pack(bytes.fromhex(UUIDS[name]), position, len(data), 0)
        body += data.ljust(align(len(data)), b"\0")
        position = start + len(body)
    toc += ENTRY.pack(bytes(16), position, 0, 0)
    return toc.ljust(start, b"\0") + body


def align(size: int) -> int:
    """Round up to the alignment of images."""
    return (size + ALIGN - 1) // ALIGN * ALIGN
