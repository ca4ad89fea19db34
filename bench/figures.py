# SPDX-License-Identifier: BSD-2-Clause
"""What is measured, on which machines, and the fixed figures to compare with."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Tuple

LIMIT_INVOKE_GUEST = 13_000


@dataclass(frozen=True)
class Column:
    """A machine to measure on."""
    key: str
    title: str
    tee: str
    has_hypervisor: bool


MACHINES: List[Column] = [
    Column("tenon-alone", "Tenon, alone", "tenon", False),
    Column("tenon-guest", "Tenon, a guest", "tenon", True),
    Column("optee-alone", "Debian's OP-TEE, alone", "optee", False),
    Column("optee-guest", "Debian's OP-TEE, a guest of our hypervisor", "optee", True),
]

# keys of the client's JSON, in the order of the table
OPERATIONS: List[Tuple[str, str]] = [
    ("invoke", "invoke, no parameters"),
    ("invoke_temporary_4k", "invoke, 4 KiB temporary buffer"),
    ("invoke_temporary_64k", "invoke, 64 KiB temporary buffer"),
    ("invoke_registered_4k", "invoke, 4 KiB registered buffer"),
    ("allocate_free_4k", "allocate and free 4 KiB of shared memory"),
    ("open_warm", "open a session, warm (single-instance, kept alive)"),
    ("close_warm", "close a session, warm"),
    ("open_unknown", "open a session, cold (load 113 KB), of an image that nobody has presented before"),
    ("open_cold", "open a session, cold, of an image that is known"),
]

# Debian builds OP-TEE with its core's debugging on. These are the figures of the same release, 4.5, built with debugging
# off and -O2: the peer at its best. They were measured once, on 2026-11-22, by the same method on the same kind of machine
# (QEMU 7.2, cortex-a57, Debian's 6.12 kernel and libteec): a client pinned to CPU 0, the virtual counter read around each
# call, 20 calls of warm-up, the median of 200 calls, or of 21 opens. The hypervisor below its guest was another one than
# ours, with a mediator that does the same work. It verifies an app's file anew at each cold open.
TUNED: Dict[str, List[int]] = {
    "OP-TEE tuned, alone (fixed)": [15_568, 49_392, 66_992, 18_960, 30_912, 16_912, 13_184, 16_860_000,
                                      16_860_000],
    "OP-TEE tuned, a guest (fixed)": [20_880, 66_304, 92_080, 24_304, 42_496, 21_872, 18_352, 17_030_000,
                                        17_030_000],
}
