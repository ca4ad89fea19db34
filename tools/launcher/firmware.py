# SPDX-License-Identifier: BSD-2-Clause
"""Flash images: TF-A, built once from Debian's source package, around the trusted OS of choice."""
from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List, Tuple

from . import fip
from .common import TenonError, build_dir, cache_dir, clean_env, hash_of, need_tool, new_folder, run_tool, say, write_atomic
from .images import find_image

KERNEL = "tenon.bin"
BL33_ADDRESS = 0x44000000      # entered by TF-A: a hypervisor at EL2, or Linux at EL1
FLASH_SIZE = 4 << 20
FIP_OFFSET = 256 << 10         # where QEMU's platform of TF-A looks for the package
BL32_LIMIT = 15 << 20          # secure DRAM that TF-A gives to the trusted OS
STAGES = ("bl1.bin", "bl2.bin", "bl31.bin")
# QEMU's GICv3; OPTEED enters the trusted OS in secure DRAM; the normal world's image is already in RAM.
TFA_OPTIONS = ["PLAT=qemu", "DEBUG=0", "LOG_LEVEL=30", "QEMU_USE_GIC_DRIVER=QEMU_GICV3", "SPD=opteed",
               "ENABLE_SVE_FOR_SWD=1", "ENABLE_SME_FOR_SWD=1",  # else an app's first SIMD instruction hangs CPUs with SVE
               "BL32_RAM_LOCATION=tdram", "ARM_LINUX_KERNEL_AS_BL33=1", f"PRELOADED_BL33_BASE={BL33_ADDRESS:#x}",
               "CROSS_COMPILE=aarch64-linux-gnu-", "CFLAGS=--param=min-pagesize=0", "LDFLAGS=",
               'BUILD_MESSAGE_TIMESTAMP="reproducible"']
# Variables that TF-A's Makefile would take for its own (OD is its objdump).
HOSTILE_VARIABLES = ["OD", "CC", "AS", "LD", "AR", "OC", "CPP", "CFLAGS", "LDFLAGS", "ASFLAGS", "TF_LDFLAGS", "DEBUG", "V",
                     "PLAT", "SPD", "ARCH", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"]


def build_tfa() -> Path:
    """Build BL1, BL2 and BL31 if that was not done yet; returns the folder with them."""
    source = cache_dir() / "src" / "tf-a"
    if not source.is_dir():
        raise TenonError(f"TF-A's source is not in {source}", "run './tenon fetch'")
    key = hash_of("\n".join(TFA_OPTIONS).encode(), (source / "debian" / "changelog").read_bytes())
    target = cache_dir() / "tf-a" / key
    if all((target / name).is_file() for name in STAGES):
        return target
    need_tool("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")
    need_tool("make", "make")
    say("firmware: building TF-A (once, about 10 s)")
    log = cache_dir() / "tf-a" / f"{key}.log"
    with new_folder(target) as folder:
        work = folder / "build"
        run_tool(["make", "-j", str(os.cpu_count() or 1), "-C", str(source), f"BUILD_BASE={work}", *TFA_OPTIONS,
                  "bl1", "bl2", "bl31"], "building TF-A", env=clean_env(HOSTILE_VARIABLES), log=log)
        for name in STAGES:
            shutil.copyfile(work / "qemu" / "release" / name, folder / name)
        shutil.rmtree(work)
    return target


def trusted_os_images(tee: str, virtualized: bool, kernel: str) -> List[Tuple[str, Path]]:
    """The images of the trusted OS: (name in the package, file). tee: 'tenon' or 'optee'."""
    if tee == "tenon":
        return [("tos-fw", find_image(kernel))]
    variant = "vexpress-qemu_armv8a-virtualized" if virtualized else "vexpress-qemu_armv8a"
    folder = cache_dir() / "pkg" / "optee-os" / "usr" / "lib" / "optee" / variant
    images = [("tos-fw", folder / "tee-header_v2.bin"), ("tos-fw-extra1", folder / "tee-pager_v2.bin"),
              ("tos-fw-extra2", folder / "tee-pageable_v2.bin")]
    if not all(path.is_file() for _, path in images):
        raise TenonError(f"Debian's OP-TEE is not in {folder}", "run './tenon fetch'")
    return images


def make_flash(tee: str, virtualized: bool = False, kernel: str = KERNEL) -> Path:
    """A bootable flash image with the trusted OS, cached by content; Tenon's is in <build>/qemu_virt/.

    kernel: the file name of another image of Tenon's kernel that the build has made."""
    stages = build_tfa()
    trusted = [(name, path.read_bytes()) for name, path in trusted_os_images(tee, virtualized, kernel)]
    if sum(len(data) for _, data in trusted) > BL32_LIMIT:
        raise TenonError(f"the trusted OS is larger than its {BL32_LIMIT >> 20} MiB of secure memory")
    bl1, bl2, bl31 = ((stages / name).read_bytes() for name in STAGES)
    image = join_flash(bl1, fip.build([("tb-fw", bl2), ("soc-fw", bl31), *trusted]))
    target = cache_dir() / "flash" / f"{tee}{'-virt' if virtualized else ''}-{hash_of(image)}.bin"
    if tee == "tenon":
        target = build_dir() / "qemu_virt" / ("flash.bin" if kernel == KERNEL else f"flash-{kernel}")
        if target.is_file() and target.read_bytes() == image:
            return target
    elif target.is_file():
        return target
    write_atomic(target, image)
    say(f"firmware: made {target}")
    return target


def join_flash(bl1: bytes, package: bytes) -> bytes:
    """BL1 at the start, the package at its offset, zero elsewhere."""
    if len(bl1) > FIP_OFFSET or FIP_OFFSET + len(package) > FLASH_SIZE:
        raise TenonError(f"the firmware does not fit a flash image of {FLASH_SIZE >> 20} MiB")
    return (bl1.ljust(FIP_OFFSET, b"\0") + package).ljust(FLASH_SIZE, b"\0")
