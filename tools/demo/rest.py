# SPDX-License-Identifier: BSD-2-Clause
"""What must hold when everybody rests: no page lost, and a log without complaints."""
from __future__ import annotations

import re
from typing import Dict, List, Sequence

from launcher.machine import Guest, Machine

KERNEL_STARTED = "of secure memory free"        # the last words of the kernel's start
COMPLAINT = re.compile(r"\b(warning|error|panic|assert\w*|crash)\b", re.I)
OF_A_GUEST = re.compile(r"g\d+: ")              # its app may panic
POWERED_OFF = "System Power off"                # the firmware's; then QEMU has yet to notice, and the firmware may panic
LAST_WORDS = re.compile(r"PANIC at PC : 0x[0-9a-f]+")


def count_pages(machine: Machine, others: Sequence[Guest]) -> Dict[str, int]:
    """Pages that nobody but `others` could have; they are all that exists, and they rest.

    Secure pages: free, in the cache of images (given up when needed) or charged to one of `others`. Pages of the
    host: free, or lent to the mediator for one of them.
    """
    total = machine.stats()
    secure = total["tee_pages_free"] + total.get("tee_image_pages", 0)
    host = total["pages_free"]
    for guest in others:
        stats = machine.stats(guest)
        secure += stats["tee_pages"]
        host += stats.get("shadow_pages", 0) + stats.get("spare_pages", 0)
    return {"VMs": len([line for line in machine.command("list").lines if line.startswith("vm ")]),
            "secure pages (but for what survivors hold)": secure, "host pages (the same)": host}


def differences(before: Dict[str, int], after: Dict[str, int]) -> List[str]:
    """What is not as it was."""
    return [f"{key}: {before[key]} before, {after.get(key)} after" for key in before if after.get(key) != before[key]]


def complaints_in(log: str, powered_off: bool) -> List[str]:
    """Lines above 'info' that the secure world has logged since its start, but for the firmware's after power-off."""
    _, started, later = log.partition(KERNEL_STARTED)
    if not started:
        return [f"the kernel did not start: {log[-500:]}"]
    lines = later.splitlines()
    if lines and powered_off and LAST_WORDS.fullmatch(lines[-1]):
        lines.pop()
    return [f"the secure world says: {line}" for line in lines if COMPLAINT.search(line) and not OF_A_GUEST.match(line)]


def complaints(machine: Machine) -> List[str]:
    """What the secure world complains of, and the hypervisor's last words."""
    logs = {path.name: path.read_text(errors="replace") for path in machine.config.log_dir.glob("*.log")}
    found = complaints_in(logs["secure.log"], any(POWERED_OFF in log for log in logs.values()))
    return found + ([f"the hypervisor stopped: {machine.panic}"] if machine.panic else [])


def power_off(machine: Machine, seconds: float = 5) -> None:
    """Let the machine end by itself where it can; closing it ends it anyway."""
    machine.control.request("poweroff")
    end = machine.seconds + seconds
    while machine.alive and machine.seconds < end:
        machine.pump(0.1)
