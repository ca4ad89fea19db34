# SPDX-License-Identifier: BSD-2-Clause
"""From the description of a machine to QEMU's arguments: where images go, the device tree, the seeds."""
from __future__ import annotations

import os
import struct
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from . import dtb
from .common import TenonError
from .firmware import BL33_ADDRESS
from .qemu import board, dump_device_tree

RAM_START = 0x40000000
MODULES_START = 0x46000000          # the hypervisor has what is between it and BL33_ADDRESS
MODULE_ALIGN = 2 << 20
HYPERVISOR_OVERHEAD_MIB = 96        # its own tables, and VMs that die while their successors are made
NATIVE_MINIMUM_MIB = 192
IDENTITIES = uuid.UUID("8a6b9c1e-3f04-5d0c-9a55-7ba1d1a0e7e1")      # name space of default identities
FIXED_SEED = bytes(range(32))       # for --icount only: figures must repeat


@dataclass
class GuestSpec:
    """A VM to describe. memory in MiB; kernel is an arm64 Image; initrd may be shared between guests."""
    name: str                               # "g1": marks its output
    node: str                               # "linux1": its node in the device tree
    kernel: Path
    initrd: Optional[Path] = None
    bootargs: str = ""
    vcpus: int = 1
    memory: int = 256
    identity: Optional[str] = None          # None: a fixed one of the node's name; "": none
    numbers: Dict[str, int] = field(default_factory=dict)       # dtb.NUMBER_PROPERTIES
    no_tee: bool = False
    manual: bool = False                    # described, but not created at boot


@dataclass
class MachineConfig:
    """A machine to boot."""
    guests: List[GuestSpec]
    flash: Path
    work: Path                              # scratch: device trees
    log_dir: Path
    hypervisor: Optional[Path] = None       # None: the one guest is Linux directly above the firmware
    tee: str = "tenon"
    cpus: int = 2
    cpu_model: str = "cortex-a57"
    memory: Optional[int] = None            # MiB of the whole machine; None: what the guests need
    icount: bool = False                    # one CPU, one nanosecond an instruction
    extra_arguments: List[str] = field(default_factory=list)


def qemu_arguments(config: MachineConfig) -> List[str]:
    """All of QEMU's arguments but for the serial lines. Writes the device tree to config.work."""
    config.work.mkdir(parents=True, exist_ok=True)
    loads, source, memory = describe_hypervisor(config) if config.hypervisor else describe_native(config)
    cpus = 1 if config.icount else config.cpus
    shape = [*board(config.hypervisor is not None), "-cpu", config.cpu_model, "-smp", str(cpus),
             "-m", str(config.memory or memory)]
    base = dump_device_tree(shape, config.work / "base.dtb")
    tree = dtb.merge(base, source, config.work)
    arguments = [*shape, "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-monitor", "none",
                 "-bios", str(config.flash), "-dtb", str(tree)]
    if config.icount:
        arguments += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-seed", "1"]
    else:
        arguments += ["-accel", "tcg,thread=multi"]
    for address, path in loads:
        arguments += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
    return arguments + config.extra_arguments


def make_seed(config: MachineConfig) -> bytes:
    """Fresh random bytes for a kernel's generator; fixed when instructions are counted."""
    return FIXED_SEED if config.icount else os.urandom(32)


def describe_hypervisor(config: MachineConfig) -> Tuple[List[Tuple[int, Path]], str, int]:
    """Images with their addresses, the device tree's additions, and the memory needed in MiB."""
    assert config.hypervisor is not None
    loads: List[Tuple[int, Path]] = [(BL33_ADDRESS, config.hypervisor)]
    if BL33_ADDRESS + config.hypervisor.stat().st_size > MODULES_START:
        raise TenonError(f"{config.hypervisor} is too large for its {MODULES_START - BL33_ADDRESS >> 20} MiB")
    placed: Dict[Path, int] = {}
    nodes = []
    end = MODULES_START
    for guest in config.guests:
        modules = []
        for kind, path in (("kernel", guest.kernel), ("ramdisk", guest.initrd)):
            if path is None:
                continue
            size = path.stat().st_size
            if path not in placed:
                placed[path] = end
                loads.append((end, path))
                end = align(end + size)
            modules.append(dtb.Module(kind, placed[path], size, guest.bootargs if kind == "kernel" else ""))
        identity = str(uuid.uuid5(IDENTITIES, guest.node)) if guest.identity is None else guest.identity
        nodes.append(dtb.VmNode(guest.node, guest.vcpus, guest.memory << 10, modules, identity, guest.numbers,
                                guest.no_tee, guest.manual))
    memory = (end - RAM_START >> 20) + sum(guest.memory for guest in config.guests) + HYPERVISOR_OVERHEAD_MIB
    return loads, dtb.hypervisor_source(nodes, make_seed(config), make_seed(config)), align(memory, 64)


def describe_native(config: MachineConfig) -> Tuple[List[Tuple[int, Path]], str, int]:
    """The same for Linux directly above the firmware: its image where TF-A enters the normal world."""
    if len(config.guests) != 1:
        raise TenonError("without a hypervisor there is exactly one guest", "use --guests 1, or --hypervisor tenon")
    guest = config.guests[0]
    loads = [(BL33_ADDRESS, guest.kernel)]
    end = align(BL33_ADDRESS + image_size(guest.kernel))
    initrd = None
    if guest.initrd:
        initrd = dtb.Module("ramdisk", end, guest.initrd.stat().st_size)
        loads.append((end, guest.initrd))
        end = align(end + initrd.size)
    needed = max(guest.memory, NATIVE_MINIMUM_MIB, (end - RAM_START >> 20) + 32)
    # OP-TEE adds its own node; for Tenon it is ours to add when there is no hypervisor to do it.
    source = dtb.native_source(guest.bootargs, initrd, make_seed(config), make_seed(config), config.tee == "tenon")
    return loads, source, needed


def image_size(kernel: Path) -> int:
    """Bytes that an arm64 Image takes in memory, its zeroed data included."""
    with kernel.open("rb") as stream:
        head = stream.read(64)
    if len(head) < 64 or head[56:60] != b"ARM\x64":
        raise TenonError(f"{kernel} is not an arm64 Image")
    return max(struct.unpack_from("<Q", head, 16)[0], kernel.stat().st_size)


def align(value: int, to: int = MODULE_ALIGN) -> int:
    """Round up."""
    return (value + to - 1) // to * to
