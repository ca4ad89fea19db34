# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest's root file system, an initramfs made of Debian's packages and our own /init.

It is a chain of cpio archives, which Linux unpacks in order: the base (cached by content), xtest with what
it needs (only for commands that run it), an overlay, and the commands.
"""
from __future__ import annotations

import lzma
import re
from pathlib import Path
from typing import Dict, Iterable, Optional

from .apt import KERNEL_ALIAS, load_manifest
from .common import REPO, TenonError, build_dir, cache_dir, hash_of, say, write_atomic
from .cpio import Archive

LIBS = "/usr/lib/aarch64-linux-gnu/"
BASE_FILES = {
    "busybox-static": ["/usr/bin/busybox"],
    "libc6": ["/usr/lib/ld-linux-aarch64.so.1", LIBS + "ld-linux-aarch64.so.1", LIBS + "libc.so.6"],
    "libgcc-s1": [LIBS + "libgcc_s.so.1"],        # pthread_cancel() and pthread_exit() load it
    "libteec2": [LIBS + "libteec.so.*"],
    "tee-supplicant": ["/usr/sbin/tee-supplicant", "/usr/lib/tee-supplicant/*"],
}
XTEST_FILES = {
    "libc6": [LIBS + "libm.so.6"],
    "optee-test-qemu": ["/usr/bin/xtest", "/usr/lib/optee_armtz/*", "/usr/lib/tee-supplicant/plugins/*"],
    "libckteec0t64": [LIBS + "libckteec.so.*"],
    "libssl3t64": [LIBS + "libcrypto.so.*"],
    "zlib1g": [LIBS + "libz.so.*"],
    "libzstd1": [LIBS + "libzstd.so.*"],
}
MODULES = ["drivers/tee/tee", "drivers/tee/optee/optee"]
SDK_TAS = "usr/lib/optee-os-dev/vexpress-qemu_armv8a/ta"
ELF_MAGIC, EM_AARCH64 = b"\x7fELF", 183


def kernel_image() -> Path:
    """Debian's stock arm64 kernel, an uncompressed Image."""
    found = sorted((cache_dir() / "pkg" / KERNEL_ALIAS / "boot").glob("vmlinuz-*"))
    if not found:
        raise TenonError("the guest's kernel was not fetched", "run './tenon fetch'")
    with found[0].open("rb") as stream:
        head = stream.read(64)
    if head[56:60] != b"ARM\x64":
        raise TenonError(f"{found[0]} is not an uncompressed arm64 Image")
    return found[0]


def runs_xtest(commands: Iterable[str]) -> bool:
    """Whether any of the commands names xtest, whose files are left out otherwise."""
    return any(re.search(r"\bxtest\b", command) for command in commands)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of the patterns; a '*' at the end stands for any rest."""
    return any(path == p or (p.endswith("*") and path.startswith(p[:-1])) for p in patterns)


def add_packages(archive: Archive, files: Dict[str, list]) -> None:
    """Copy the listed files of unpacked packages."""
    for package, patterns in files.items():
        root = cache_dir() / "pkg" / package
        if not root.is_dir():
            raise TenonError(f"the package {package} was not fetched", "run './tenon fetch'")
        archive.add_tree(root, lambda path, wanted=patterns: matches(path, wanted))


def make_base() -> Path:
    """The archive that every Linux guest starts from, made again when a package or /init has changed."""
    init = (REPO / "tools" / "guest" / "init").read_bytes()
    recipe = repr((BASE_FILES, MODULES, sorted(load_manifest(cache_dir()).items()))).encode()
    target = cache_dir() / "initramfs" / f"base-{hash_of(init, recipe, Path(__file__).read_bytes())}.cpio"
    if target.is_file():
        return target
    archive = Archive()
    for folder in ("dev", "proc", "sys", "run", "root", "etc", "mnt", "var/log", "usr/bin", "usr/sbin", "usr/lib"):
        archive.add_folder(folder)
    archive.add_folder("tmp", 0o1777)
    for name in ("bin", "sbin", "lib"):
        archive.add_link(name, f"usr/{name}")
    archive.add_link("/usr/bin/sh", "busybox")
    archive.add_device("/dev/console", 5, 1)
    archive.add_file("/etc/passwd", b"root::0:0:root:/root:/bin/sh\n")
    archive.add_file("/etc/group", b"root:x:0:\n")
    archive.add_file("/init", init, 0o755)
    add_packages(archive, BASE_FILES)
    add_modules(archive)
    write_atomic(target, archive.to_bytes())
    say(f"initramfs: made {target} ({target.stat().st_size >> 10} KiB)")
    return target


def add_modules(archive: Archive) -> None:
    """The kernel's TEE driver, unpacked so that the guest's insmod needs nothing."""
    root = cache_dir() / "pkg" / KERNEL_ALIAS / "usr" / "lib" / "modules"
    for module in MODULES:
        found = sorted(root.glob(f"*/kernel/{module}.ko*"))
        if not found:
            raise TenonError(f"the guest's kernel has no module {module}.ko")
        data = found[0].read_bytes()
        if found[0].suffix == ".xz":
            data = lzma.decompress(data)
        archive.add_file(f"/modules/{Path(module).name}.ko", data)


def make_xtest() -> Path:
    """The archive with xtest, its trusted apps, and those of the development kit."""
    recipe = repr((XTEST_FILES, sorted(load_manifest(cache_dir()).items()))).encode()
    target = cache_dir() / "initramfs" / f"xtest-{hash_of(recipe, Path(__file__).read_bytes())}.cpio"
    if target.is_file():
        return target
    archive = Archive()
    add_packages(archive, XTEST_FILES)
    for path in sorted((cache_dir() / "pkg" / "optee-os-dev" / SDK_TAS).glob("*.ta")):
        archive.add_from_host(f"/usr/lib/optee_armtz/{path.name}", path)
    write_atomic(target, archive.to_bytes())
    say(f"initramfs: made {target} ({target.stat().st_size >> 10} KiB)")
    return target


def is_client(path: Path) -> bool:
    """Whether a file is an AArch64 program for the guest, as the examples' build leaves them."""
    if path.suffix or not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(20)
    return head[:4] == ELF_MAGIC and int.from_bytes(head[18:20], "little") == EM_AARCH64


def examples_archive(folder: Optional[Path] = None, apps: Iterable[Path] = ()) -> bytes:
    """Clients to /usr/bin and trusted apps to where tee-supplicant looks for them, from <build>/examples; and other apps."""
    folder = folder or build_dir() / "examples"
    archive = Archive()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.suffix == ".ta":
            archive.add_file(f"/usr/lib/optee_armtz/{path.name}", path.read_bytes(), 0o444)
        elif is_client(path):
            archive.add_file(f"/usr/bin/{path.name}", path.read_bytes(), 0o755)
    for path in apps:
        archive.add_file(f"/usr/lib/optee_armtz/{path.name}", path.read_bytes(), 0o444)
    return archive.to_bytes()


def commands_archive(commands: Dict[str, str]) -> bytes:
    """/commands/<name> for each command; the name is a guest's number or 'default'."""
    archive = Archive()
    for name, command in commands.items():
        archive.add_file(f"/commands/{name}", (command.rstrip("\n") + "\n").encode())
    return archive.to_bytes()


def make_initramfs(target: Path, commands: Dict[str, str], overlay: Optional[Path] = None,
                   xtest: Optional[bool] = None) -> Path:
    """Write the whole initramfs for a boot to `target`. xtest: None decides by the commands."""
    parts = [make_base().read_bytes()]
    if runs_xtest(commands.values()) if xtest is None else xtest:
        parts.append(make_xtest().read_bytes())
    parts.append(examples_archive())
    if overlay:
        if not overlay.is_dir():
            raise TenonError(f"the overlay {overlay} is not a folder")
        extra = Archive()
        extra.add_tree(overlay)
        parts.append(extra.to_bytes())
    parts.append(commands_archive(commands))
    target.write_bytes(b"".join(parts))
    return target
