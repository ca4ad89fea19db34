# SPDX-License-Identifier: BSD-2-Clause
"""The machine's device tree: QEMU's own, with the VMs, the seeds and the boot arguments merged in.

Sources are merged as text: the device tree compiler joins several root nodes of one source, and the later
value of a property wins.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

from .common import need_tool, run_tool

NODE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9,._+-]{0,30}\Z")
NUMBER_PROPERTIES = ("reserve-pages", "limit-pages", "limit-calls", "limit-sessions", "limit-shm-pages", "privileged")


@dataclass
class Module:
    """An image in RAM for a VM: kind 'kernel' or 'ramdisk', physical address and size in bytes."""
    kind: str
    address: int
    size: int
    bootargs: str = ""


@dataclass
class VmNode:
    """A VM described in /chosen, in the manner of Xen's dom0less."""
    name: str
    cpus: int
    memory_kib: int
    modules: List[Module]
    identity: str = ""
    numbers: Dict[str, int] = field(default_factory=dict)      # of NUMBER_PROPERTIES
    no_tee: bool = False
    manual: bool = False


def cells(value: int) -> str:
    """A 64-bit number as two cells."""
    return f"{value >> 32:#x} {value & 0xffffffff:#x}"


def quote(text: str) -> str:
    """A string of a device tree source."""
    if any(ord(char) < 32 or ord(char) > 126 for char in text):
        raise ValueError(f"a device tree string must be printable ASCII: {text!r}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def seed_property(seed: bytes) -> str:
    """The property that carries random bytes to a kernel."""
    return f"rng-seed = [{seed.hex()}];"


def vm_source(vm: VmNode) -> str:
    """The source of one VM's node."""
    if not NODE_NAME.match(vm.name):
        raise ValueError(f"not a name for a node: {vm.name!r}")
    lines = [f"{vm.name} {{", 'compatible = "xen,domain";', "#address-cells = <2>;", "#size-cells = <2>;",
             f"cpus = <{vm.cpus}>;", f"memory = <{cells(vm.memory_kib)}>;"]
    if vm.identity:
        lines.append(f"tenon,identity = {quote(vm.identity)};")
    for name, value in vm.numbers.items():
        if name not in NUMBER_PROPERTIES:
            raise ValueError(f"not a property of a VM: {name}")
        lines.append(f"tenon,{name} = <{value}>;")
    lines += ["tenon,no-tee;"] * vm.no_tee + ["tenon,manual;"] * vm.manual
    for module in vm.modules:
        lines += [f"module@{module.address:x} {{", f'compatible = "multiboot,{module.kind}", "multiboot,module";',
                  f"reg = <{cells(module.address)} {cells(module.size)}>;"]
        if module.bootargs:
            lines.append(f"bootargs = {quote(module.bootargs)};")
        lines.append("};")
    return "\n".join(lines + ["};"])


def hypervisor_source(vms: List[VmNode], seed: bytes, secure_seed: bytes) -> str:
    """What a machine with the hypervisor adds: its VMs and the seeds of both worlds."""
    nodes = "\n".join(vm_source(vm) for vm in vms)
    return (f"/ {{ chosen {{ {seed_property(seed)}\n{nodes}\n}};\n"
            f"secure-chosen {{ {seed_property(secure_seed)} }}; }};\n")


def native_source(bootargs: str, initrd: Optional[Module], seed: bytes, secure_seed: bytes, tee_node: bool) -> str:
    """What a machine without a hypervisor adds: Linux's arguments, the seeds and, if wanted, the TEE's node."""
    ramdisk = ""
    if initrd:
        ramdisk = (f"linux,initrd-start = <{cells(initrd.address)}>; "
                   f"linux,initrd-end = <{cells(initrd.address + initrd.size)}>;")
    tee = 'firmware { optee { compatible = "linaro,optee-tz"; method = "smc"; }; };' if tee_node else ""
    return (f"/ {{ chosen {{ bootargs = {quote(bootargs)}; {seed_property(seed)} {ramdisk} }};\n"
            f"secure-chosen {{ {seed_property(secure_seed)} }};\n{tee} }};\n")


def decompile(blob: Path) -> str:
    """Source of a device tree blob."""
    dtc = need_tool("dtc", "device-tree-compiler")
    return run_tool([dtc, "-q", "-I", "dtb", "-O", "dts", str(blob)], "reading the machine's device tree")


def compile_source(source: str, work: Path, name: str = "machine") -> Path:
    """Compile source text to <work>/<name>.dtb, with room for what TF-A adds (PSCI, reserved memory)."""
    dtc = need_tool("dtc", "device-tree-compiler")
    text, blob = work / f"{name}.dts", work / f"{name}.dtb"
    text.write_text(source)
    run_tool([dtc, "-q", "-p", "16384", "-I", "dts", "-O", "dtb", "-o", str(blob), str(text)],
             "compiling the machine's device tree", next_step=f"the source is {text}")
    return blob


def merge(base: Path, addition: str, work: Path) -> Path:
    """The blob of a base tree with source text merged over it."""
    return compile_source(decompile(base) + "\n" + addition, work)
