# SPDX-License-Identifier: BSD-2-Clause
"""Fetch Debian packages and sources through apt, in an apt directory of our own.

apt checks the signature of the suite with the host's Debian keyring and every file against the signed
lists. Nothing of the host's configuration is changed: lists, state and caches are in our cache.

Layout of the cache:  deb/<file>.deb   pkg/<package>/ (unpacked)   src/<name>/ (unpacked)   manifest.json
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from .common import TenonError, cache_dir, need_tool, new_folder, run_tool, say, write_atomic

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
# What guests are made of, and the kit that trusted apps are built with. All arm64.
PACKAGES = ["busybox-static", "libc6", "libteec2", "tee-supplicant", "optee-client-dev", "optee-os", "optee-os-dev",
            "optee-test-qemu", "libckteec0t64", "libssl3t64", "zlib1g", "libzstd1", "libgcc-s1"]
KERNEL_ALIAS = "linux-image"                  # our name for the package that the next one depends on
KERNEL_META = "linux-image-cloud-arm64"
SOURCES = {"mbedtls": "mbedtls", "tf-a": "arm-trusted-firmware"}
RETRY_HINT = "check the network and the mirror (TENON_MIRROR=http://… chooses one), then run './tenon fetch' again"


class Apt:
    """apt-get and apt-cache with our own directories and sources."""

    def __init__(self, cache: Path):
        self.home = cache / "apt"
        self.config = self.home / "apt.conf"

    def configure(self) -> None:
        """Write the configuration, the source list and the empty state that apt expects."""
        need_tool("apt-get", "apt")
        if not os.path.exists(KEYRING):
            raise TenonError(f"Debian's keyring {KEYRING} is missing", "install debian-archive-keyring")
        for folder in ("lists/partial", "cache/archives/partial", "parts", "prefs"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        mirror = os.environ.get("TENON_MIRROR") or find_mirror()
        lines = [f"{kind} [signed-by={KEYRING}] {mirror} {SUITE} main\n" for kind in ("deb", "deb-src")]
        write_atomic(self.home / "sources.list", "".join(lines).encode())
        write_atomic(self.config, self.config_text().encode())

    def config_text(self) -> str:
        """Read by apt after the host's own files, so that a proxy set there stays in force."""
        settings = {
            "APT::Architecture": "amd64", "APT::Architectures": "amd64,arm64", "APT::Sandbox::User": "root",
            "Dir::State::Lists": f"{self.home}/lists", "Dir::State::status": f"{self.home}/status",
            "Dir::Cache": f"{self.home}/cache", "Dir::Etc::sourcelist": f"{self.home}/sources.list",
            "Dir::Etc::sourceparts": f"{self.home}/parts", "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": f"{self.home}/prefs", "Acquire::Languages": "none",
            "Acquire::Retries": "3", "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        }
        # Hooks of the host (desktop caches, image cleaners) have no business with our lists.
        cleared = ["APT::Architectures", "APT::Update", "APT::Default-Release", "DPkg"]
        return "".join(f"#clear {name};\n" for name in cleared) + \
            "".join(f'{name} "{value}";\n' for name, value in settings.items())

    def call(self, program: str, *args: str, cwd: Optional[Path] = None, what: str) -> str:
        """Run apt-get or apt-cache; TenonError when it fails."""
        return run_tool([program, "-c", str(self.config), "-q", *args], what, cwd=cwd, next_step=RETRY_HINT,
                        log=self.home / "last.log")

    def kernel_package(self) -> str:
        """The kernel package that the suite's cloud metapackage stands for today."""
        out = self.call("apt-cache", "depends", f"{KERNEL_META}:arm64", what="finding the guest's kernel")
        for line in out.splitlines():
            word = line.strip()
            if word.startswith("Depends: linux-image-"):
                return word.split()[1].split(":")[0]
        raise TenonError(f"{KERNEL_META} names no kernel package", RETRY_HINT)


def find_mirror() -> str:
    """The mirror that this machine already uses for Debian itself, else Debian's own."""
    try:
        out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    except OSError:
        out = ""
    for line in out.splitlines():
        if line.startswith("http") and line.rstrip("/").endswith("/debian"):
            return line.rstrip("/")
    return DEFAULT_MIRROR


def load_manifest(cache: Path) -> Dict[str, str]:
    """Package name → file in deb/; empty when nothing was fetched yet."""
    try:
        return json.loads((cache / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}


def is_complete(cache: Path) -> bool:
    """Whether all packages and sources are there, so that no network is needed."""
    manifest = load_manifest(cache)
    wanted = PACKAGES + [KERNEL_ALIAS]
    return (all(name in manifest and (cache / "deb" / manifest[name]).is_file() for name in wanted)
            and all(unpacked_from(cache, name) == manifest[name] for name in wanted)
            and all((cache / "src" / name).is_dir() for name in SOURCES))


def unpacked_from(cache: Path, name: str) -> str:
    """The .deb that pkg/<name>/ was unpacked from, or an empty string."""
    stamp = cache / "pkg" / f".{name}.deb"
    if not (cache / "pkg" / name).is_dir() or not stamp.is_file():
        return ""
    return stamp.read_text()


def fetch(refresh: bool = False) -> None:
    """Make the cache complete. refresh: look for newer packages even if it is."""
    cache = cache_dir()
    if is_complete(cache) and not refresh:
        say(f"fetch: complete in {cache}")
        return
    for tool in ("dpkg-deb", "dpkg-source"):
        need_tool(tool, "dpkg-dev")
    apt = Apt(cache)
    apt.configure()
    say(f"fetch: reading Debian {SUITE}'s signed package lists")
    apt.call("apt-get", "update", what="apt-get update")
    wanted = {name: name for name in PACKAGES}
    wanted[KERNEL_ALIAS] = apt.kernel_package()
    manifest = download_packages(apt, cache, wanted)
    for name, deb in manifest.items():
        unpack_package(cache, name, deb)
    write_atomic(cache / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
    for name, package in SOURCES.items():
        fetch_source(apt, cache, name, package)
    say(f"fetch: complete in {cache}")


def download_packages(apt: Apt, cache: Path, wanted: Dict[str, str]) -> Dict[str, str]:
    """Bring the candidate version of each package into deb/; apt compares size and hash with the signed list."""
    store, scratch = cache / "deb", cache / "deb" / ".partial"
    scratch.mkdir(parents=True, exist_ok=True)
    manifest: Dict[str, str] = {}
    files = planned_files(apt, wanted)
    missing = [name for name in wanted if not (store / files[name][0]).is_file()]
    for index, name in enumerate(missing, 1):
        deb, size = files[name]
        say(f"fetch: package {index}/{len(missing)} {deb} ({size / 1e6:.1f} MB)")
        apt.call("apt-get", "download", f"{wanted[name]}:arm64/{SUITE}", cwd=scratch, what=f"downloading {name}")
        if not (scratch / deb).is_file():
            raise TenonError(f"apt did not leave {deb} in {scratch}", RETRY_HINT)
        os.replace(scratch / deb, store / deb)
    for name in wanted:
        manifest[name] = files[name][0]
    return manifest


def planned_files(apt: Apt, wanted: Dict[str, str]) -> Dict[str, Tuple[str, int]]:
    """File name and size that apt will fetch for each package, without fetching."""
    specs = [f"{package}:arm64/{SUITE}" for package in wanted.values()]
    out = apt.call("apt-get", "download", "--print-uris", *specs, what="asking apt for the packages")
    planned: Dict[str, Tuple[str, int]] = {}
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 4 and fields[0].startswith("'"):
            package = fields[1].split("_")[0]
            for name, real in wanted.items():
                if real == package:
                    planned[name] = (fields[1], int(fields[2]))
    lost = [name for name in wanted if name not in planned]
    if lost:
        raise TenonError(f"{SUITE} has no package {', '.join(lost)} for arm64", RETRY_HINT)
    return planned


def unpack_package(cache: Path, name: str, deb: str) -> None:
    """Unpack deb/<deb> to pkg/<name>/ unless that was done."""
    if unpacked_from(cache, name) == deb:
        return
    stamp = cache / "pkg" / f".{name}.deb"
    if stamp.exists():
        stamp.unlink()
    with new_folder(cache / "pkg" / name) as folder:
        run_tool(["dpkg-deb", "-x", str(cache / "deb" / deb), str(folder)], f"unpacking {deb}",
                 next_step=f"delete {cache / 'deb' / deb} and run './tenon fetch' again")
    write_atomic(stamp, deb.encode())


def fetch_source(apt: Apt, cache: Path, name: str, package: str) -> None:
    """Download a source package and unpack it, with Debian's patches, to src/<name>/."""
    target = cache / "src" / name
    if target.is_dir():
        return
    files = cache / "src" / "dl" / name
    files.mkdir(parents=True, exist_ok=True)
    say(f"fetch: source of {package}")
    apt.call("apt-get", "source", "--download-only", f"{package}/{SUITE}", cwd=files, what=f"downloading {package}")
    descriptions: List[Path] = sorted(files.glob("*.dsc"), key=lambda path: path.stat().st_mtime)
    if not descriptions:
        raise TenonError(f"apt left no .dsc for {package} in {files}", RETRY_HINT)
    # apt has checked the hashes against the signed list; dpkg-source would ask for the uploader's key.
    with new_folder(target) as folder:
        shutil.rmtree(folder)
        run_tool(["dpkg-source", "--no-check", "-x", str(descriptions[-1]), str(folder)], f"unpacking {package}",
                 next_step=f"delete {files} and run './tenon fetch' again")
