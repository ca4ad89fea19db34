#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts together what the guest of tests/ta_test.py gets: variants.py KIT PROBE-FOLDER OVERLAY STAMP FILE...

Copies of the probe with other names, flags or stacks are its ELF file with other words in ta_head, signed again: that
is quicker than building each. What must be refused goes to /usr/lib/tatest, from where the client installs it.
"""
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ENCRYPTION_KEY = "b64d239b1f3c7d3b06506229cd8ff7c8af2bb4db2168621ac62c84948468c4f4"     # of a hardware key of zeros
SUBKEY_UUID, SUBKEY_NAME = "7c3bbd19-0001-4a10-9000-aabbccddeeff", "hello_ta"
SUBKEY_APP = "4a7c45e5-61e1-5f65-bf7d-4e9d30e55371"                                     # what both make
SINGLE, MULTI, KEEP, CACHE, KEEP_CRASHED, UNKNOWN = 0x4, 0x8, 0x10, 0x80, 0x2000, 0x4000
HEAD_UUID, HEAD_STACK, HEAD_FLAGS, HEAD_ENTRY = 0, 16, 20, 24
SHT_RELA, R_RELATIVE = 4, 1027
NUMBERS = {  # of enum tatest_app: flags, stack_size or None
    0x0011: (SINGLE, None), 0x0012: (SINGLE | MULTI, None), 0x0013: (SINGLE | MULTI | KEEP, None), 0x0014: (KEEP, None),
    0x0015: (SINGLE | MULTI | KEEP | KEEP_CRASHED, None), 0x0016: (UNKNOWN, None), 0x0017: (CACHE, None),
    0x0018: (0, 0xC00), 0x0019: (SINGLE | MULTI, None), 0x0021: (0, None),
}


def name_of(number):
    """The UUID of one of our apps as text."""
    return f"7e0b3c5a-{number:04x}-4b8e-a2f6-74612d747374"


class Elf:
    """An app's ELF file in memory, with what the variants change."""

    def __init__(self, data):
        self.data = bytearray(data)

    def sections(self):
        """(type, flags, offset, size) of each section header."""
        offset, count = struct.unpack_from("<Q", self.data, 40)[0], struct.unpack_from("<H", self.data, 60)[0]
        headers = (struct.unpack_from("<IIQQQQ", self.data, offset + 64 * i) for i in range(count))
        return [(kind, flags, at, size) for _, kind, flags, _, at, size in headers]

    def head(self):
        """Where ta_head lies in the file: it starts with the probe's UUID."""
        uuid = struct.pack("<IHH", 0x7E0B3C5A, 0x0010, 0x4B8E) + b"\xa2\xf6ta-tst"
        at = self.data.find(uuid)
        while struct.unpack_from("<Q", self.data, at + HEAD_ENTRY)[0] != 0xFFFFFFFFFFFFFFFF:
            at = self.data.index(uuid, at + 1)
        return at

    def changed(self, number=None, flags=None, stack=None, entry=None):
        """A copy with another ta_head."""
        copy, head = Elf(self.data), self.head()
        for what, at, value in (("<H", head + HEAD_UUID + 4, number), ("<I", head + HEAD_FLAGS, flags),
                                ("<I", head + HEAD_STACK, stack), ("<Q", head + HEAD_ENTRY, entry)):
            if value is not None:
                struct.pack_into(what, copy.data, at, value)
        return copy

    def relocated(self, offset=None, kind=None):
        """A copy whose first relocation is another one."""
        copy = Elf(self.data)
        at = next(at for section, flags, at, size in self.sections() if section == SHT_RELA and flags & 2 and size)
        if offset is not None:
            struct.pack_into("<Q", copy.data, at, offset)
        if kind is not None:
            struct.pack_into("<I", copy.data, at + 8, kind)
        return copy

    def word(self, what, at, value):
        """A copy with another word of the file's header."""
        copy = Elf(self.data)
        struct.pack_into(what, copy.data, at, value)
        return copy


class Signer:
    """The kit's own tool, several at a time."""

    def __init__(self, kit, scratch):
        self.tool = [sys.executable, str(kit / "scripts" / "sign_encrypt.py")]
        self.key = str(kit / "keys" / "default_ta.pem")
        self.scratch = scratch
        self.pool = ThreadPoolExecutor(2)
        self.jobs = []

    def run(self, *arguments):
        """One command of the tool."""
        subprocess.run([*self.tool, *arguments], check=True, stdout=subprocess.DEVNULL)

    def sign(self, elf, uuid, target, *more, key=None):
        """Signs elf as uuid, later."""
        source = self.scratch / f"{len(self.jobs)}.elf"
        source.write_bytes(elf.data)
        arguments = ["sign-enc", "--key", key or self.key, "--uuid", uuid, "--in", str(source), "--out", str(target), *more]
        self.jobs.append(self.pool.submit(self.run, *arguments))

    def finish(self):
        """Waits; a failure is raised here."""
        for job in self.jobs:
            job.result()


def make_apps(probe, signer, apps):
    """Copies that load, or that their flags keep from loading."""
    for number, (flags, stack) in NUMBERS.items():
        signer.sign(probe.changed(number, flags, stack), name_of(number), apps / f"{name_of(number)}.ta")
    signer.sign(probe.changed(0x001B), name_of(0x001B), apps / f"{name_of(0x001B)}.ta", "--enc-key", ENCRYPTION_KEY)
    signer.sign(probe, name_of(0x001D), apps / f"{name_of(0x001D)}.ta")
    signer.sign(probe.changed(0x001F, entry=0x1000), name_of(0x001F), apps / f"{name_of(0x001F)}.ta")


def make_subkey(probe, signer, apps, scratch):
    """An app under a key that our key has signed."""
    key, subkey = scratch / "subkey.pem", scratch / "subkey.bin"
    fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key.write_bytes(fresh.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    signer.run("sign-subkey", "--uuid", SUBKEY_UUID, "--key", signer.key, "--in", str(key), "--out", str(subkey), "--max-depth", "4",
               "--name-size", "64", "--subkey-version", "1")
    copy = probe.changed()
    head = probe.head()
    time_low, mid, high = (int(part, 16) for part in SUBKEY_APP.split("-")[:3])
    struct.pack_into("<IHH", copy.data, head, time_low, mid, high)
    copy.data[head + 8:head + 16] = bytes.fromhex("".join(SUBKEY_APP.split("-")[3:]))
    signer.sign(copy, SUBKEY_APP, apps / f"{SUBKEY_APP}.ta", "--subkey", str(subkey), "--name", SUBKEY_NAME, key=str(key))


def make_images(probe, signer, images):
    """Files that the client installs under APP_IMAGE or APP_VERSIONED."""
    for version in (2, 3, 4):
        signer.sign(probe.changed(0x001C), name_of(0x001C), images / f"version{version}", "--ta-version", str(version))
    image = probe.changed(0x001E)
    broken = {
        "good": image,
        "relocation-outside": image.relocated(offset=0x7FFFFFF0),
        "relocation-in-code": image.relocated(offset=0),
        "relocation-unknown": image.relocated(kind=999),
        "not-dynamic": image.word("<H", 16, 2),
        "other-machine": image.word("<H", 18, 62),
        "big-endian": image.word("<B", 5, 2),
        "headers-outside": image.word("<Q", 32, 0x7FFFFFFFFFFFFFF0),
        "sections-outside": image.word("<Q", 40, 0xFFFFFFFFFFFFFFC0),
    }
    for name, elf in broken.items():
        signer.sign(elf, name_of(0x001E), images / name)
    signer.sign(image, name_of(0x001E), images / "pkcs1", "--algo", "TEE_ALG_RSASSA_PKCS1_V1_5_SHA256")


def corrupt(good, images):
    """One changed bit, one byte too few or too many: each has to fail the signature's check."""
    for bit, offset in enumerate((0, 4, 8, 12, 16, 18, 20, 52, 100, 308, 324, 400, len(good) - 1)):
        changed = bytearray(good)
        changed[offset] ^= 1 << (bit % 8)
        (images / f"bit-at-{offset if offset < 1000 else 'end'}").write_bytes(changed)
    (images / "cut").write_bytes(good[:-1])
    (images / "longer").write_bytes(good + b"\0")
    (images / "empty").write_bytes(b"")
    (images / "header-only").write_bytes(good[:20])


def main():
    """See the head of this file."""
    kit, probe_folder, overlay, stamp = (Path(argument) for argument in sys.argv[1:5])
    shutil.rmtree(overlay, ignore_errors=True)
    apps, images, programs = overlay / "usr/lib/optee_armtz", overlay / "usr/lib/tatest", overlay / "usr/bin"
    scratch = stamp.parent / "variants"
    for folder in (apps, images, programs, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[5:]:
        shutil.copy(name, apps if name.endswith(".ta") else programs)
    signer = Signer(kit, scratch)
    probe = Elf((probe_folder / f"{name_of(0x0010)}.stripped.elf").read_bytes())
    make_apps(probe, signer, apps)
    make_images(probe, signer, images)
    make_subkey(probe, signer, apps, scratch)
    signer.finish()
    corrupt((images / "good").read_bytes(), images)
    stamp.write_text("")


if __name__ == "__main__":
    main()
