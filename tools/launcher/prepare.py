# SPDX-License-Identifier: BSD-2-Clause
"""Everything a boot needs, made if it is missing: packages, firmware, initramfs, folders for logs."""
from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from . import apt, firmware, initramfs
from .boot import GuestSpec, MachineConfig
from .common import TenonError, cache_dir
from .images import find_image

KEPT_RUNS = 5
# For guests whose vCPUs wait for their slice: they are not locked up, and a real lock-up ends in our own time-out.
PATIENT_KERNEL = "nosoftlockup rcupdate.rcu_cpu_stall_suppress=1 "
OPTEE_MAX_GUESTS = 2            # of Debian's build with virtualization


def hypervisor_image() -> Path:
    """Our hypervisor, as `make` leaves it."""
    return find_image("tenon-hv.bin")


@contextmanager
def run_folder(log_dir: Optional[Path] = None) -> Iterator[Path]:
    """A folder for logs: the one given, or one in the cache that is deleted if all goes well."""
    if log_dir:
        log_dir.mkdir(parents=True, exist_ok=True)
        yield log_dir.resolve()
        return
    runs = cache_dir() / "run"
    runs.mkdir(parents=True, exist_ok=True)
    for old in sorted(runs.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def linux_guests(count: int, initrd: Path, memory: int = 256, vcpus: int = 1, numbers: Optional[Dict[str, int]] = None,
                 extra_bootargs: str = "") -> List[GuestSpec]:
    """Specifications of `count` Linux guests g1…, on nodes linux1…, that share one initramfs."""
    kernel = initramfs.kernel_image()
    guests = []
    for number in range(1, count + 1):
        bootargs = (f"console=ttyAMA0 earlycon=pl011,0x09000000 panic=-1 loglevel=4 "
                    f"tenon_guest={number} {extra_bootargs}").strip()
        guests.append(GuestSpec(f"g{number}", f"linux{number}", kernel, initrd, bootargs, vcpus, memory,
                                numbers=dict(numbers or {})))
    return guests


def bare_guest(folder: Path, name: str, bootargs: str, memory: int = 16, manual: bool = False,
               vcpus: int = 1, apps: Sequence[Path] = ()) -> GuestSpec:
    """The bare-metal test guest as a VM, on a node of its own name; boots in milliseconds.

    bootargs: words such as "mode=storm seed=7" (tests/guest/main.c lists them). The trusted apps that it loads
    come from the examples' build, or are the ones given, and are written once to `folder`.
    """
    archive = folder / "apps.cpio"
    if not archive.is_file():
        archive.write_bytes(initramfs.examples_archive(apps=apps))
    return GuestSpec(name, name, find_image("guest.bin"), archive, bootargs, vcpus, memory, manual=manual)


def prepare_machine(folder: Path, guests: int = 2, commands: Optional[Dict[str, str]] = None, tee: str = "tenon",
                    hypervisor: bool = True, cpus: int = 2, memory: int = 256, vcpus: int = 1, icount: bool = False,
                    overlay: Optional[Path] = None, numbers: Optional[Dict[str, int]] = None, stay: bool = False,
                    xtest: Optional[bool] = None, extra_guests: Optional[List[GuestSpec]] = None,
                    kernel: str = firmware.KERNEL) -> MachineConfig:
    """The configuration of a machine with Linux guests, ready for Machine(config).

    folder: logs and scratch files. commands: by guest number ("1") or "default"; a guest without one only
    boots. stay: guests give a shell on their console instead of powering off. extra_guests: other VMs, such
    as bare-metal test guests. kernel: another image of Tenon's kernel than the product.
    """
    if tee == "optee" and hypervisor and guests > OPTEE_MAX_GUESTS:
        raise TenonError(f"Debian's OP-TEE is built for {OPTEE_MAX_GUESTS} guests", f"use --guests {OPTEE_MAX_GUESTS}")
    if not hypervisor and guests + len(extra_guests or []) != 1:
        raise TenonError("without a hypervisor there is exactly one guest", "use --guests 1, or --hypervisor tenon")
    if not apt.is_complete(cache_dir()):
        apt.fetch()
    image = hypervisor_image() if hypervisor else None
    flash = firmware.make_flash(tee, hypervisor and tee == "optee", kernel)
    specs: List[GuestSpec] = []
    if guests:
        initrd = initramfs.make_initramfs(folder / "initramfs.cpio", commands or {}, overlay, xtest)
        extra = (PATIENT_KERNEL if hypervisor else "") + ("tenon_stay=1 " if stay else "") + ("nokaslr" if icount else "")
        specs = linux_guests(guests, initrd, memory, vcpus, numbers, extra)
    return MachineConfig(specs + list(extra_guests or []), flash, folder / "machine", folder, image, tee, cpus,
                         icount=icount)
