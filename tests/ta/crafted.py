#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Apps and libraries that no compiler makes, signed: crafted.py KIT FOLDER STAMP.

FOLDER is laid over the root of guests beside tests/ta/overlay. What is in it is as long for the kernel as it may be:
names, chains of symbols, needed libraries, relocations, sizes, numbers (tests/ta/host/many.c).
"""
import hashlib
import shutil
import struct
import sys
import uuid
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PAGE = 4096
R, W, X = 4, 2, 1
PT_LOAD, PT_DYNAMIC, DT_NEEDED = 1, 2, 1
SHT_STRTAB, SHT_RELA, SHT_DYNSYM, SHT_GNU_HASH, SHF_ALLOC = 3, 4, 11, 0x6FFFFFF6, 2
ABS64, RELATIVE = 257, 1027
GLOBAL_OBJECT, WEAK_OBJECT, SHN_ABS = 0x11, 0x21, 0xFFF1
PSS = 0x70414930
SINGLE, MULTI = 4, 8
# adr x0, its end; mov x8, #14; svc #0; mov x0, #0; mov x8, #0; svc #0: sets its time and succeeds
CODE = struct.pack("<6I", 0x100000C0, 0xD28001C8, 0xD4000001, 0xD2800000, 0xD2800008, 0xD4000001) + struct.pack("<II", 5, 0)

# enum tatest_app
MANY, TOO_MANY, TABLES, LARGE, MOVED, NAMES, SEGMENTS, DIVIDED, CROWD = 0x40, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x70, 0x1000
DEPENDENTS = range(MANY + 1, MANY + 8)
CROWD_SIZE, CROWD_PAGES, VERSIONED = 1000, 2, 250
LONG = b"a" * 4030              # of names that differ in one more character
CHAIN = 20                      # symbols that are compared before the one that is wanted
LARGE_PAGES = 1900
SEGMENTS_MAX = 8
UNSEEN = 64 * 14                # bytes of a name that are hashed between two looks
MOVED_PAGES, MOVES, REFERENCES, TABLE_SIZE = 64, 8000, 30, 20000
FILLED = 4                      # pages that the kernel fills between two looks for an interrupt


def name_of(number):
    """The UUID of one of our apps as text."""
    return f"7e0b3c5a-{number:04x}-4b8e-a2f6-74612d747374"


def hash_of(name):
    """As in SHT_GNU_HASH."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


class File:
    """An ELF file: what belongs to the first segment lies one after the other in it, its address is its offset."""

    def __init__(self, flags=R):
        self.flags = flags
        self.body = bytearray(1024)         # headers first: room for all of them
        self.strings = bytearray(b"\0")
        self.symbols = [bytes(24)]
        self.chain = []                     # hashes that the index gives for the symbols
        self.relocations = bytearray()
        self.needed = []
        self.indexed = True
        self.more_sections = 0
        self.segments = []                  # others: (flags, address, bytes in the file, bytes)

    def text(self, text):
        """A name's place."""
        self.strings += text + b"\0"
        return len(self.strings) - len(text) - 1

    def symbol(self, name, info, section, value, hashed):
        """Adds a symbol; name: its place among the strings."""
        self.symbols.append(struct.pack("<IBBHQQ", name, info, 0, section, value, 8))
        self.chain.append(hashed & ~1)

    def relocation(self, offset, kind, symbol=0, addend=0):
        """Adds one to the table."""
        self.relocations += struct.pack("<QIIq", offset, kind, symbol, addend)

    def put(self, data):
        """Appends a table and says where."""
        self.body += bytes(-len(self.body) % 16)
        self.body += data
        return len(self.body) - len(data)

    def index(self):
        """All symbols in one chain that every name may be in."""
        chain = [*self.chain[:-1], self.chain[-1] | 1] if self.chain else []
        words = 1 if self.indexed else 1 << 20      # the second is more than the file has
        return struct.pack(f"<4IQI{len(chain)}I", 1, 1, words, 0, 0xFFFFFFFFFFFFFFFF, 1 if chain else 0, *chain)

    def link(self, entry=0, pages=0):
        """The whole file; pages: of the first segment, at least."""
        dynamic = b"".join(struct.pack("<QQ", DT_NEEDED, self.text(name.encode())) for name in self.needed) + bytes(16)
        tables = [(SHT_DYNSYM, b"".join(self.symbols), 2, 24), (SHT_STRTAB, bytes(self.strings), 0, 0),
                  (SHT_GNU_HASH, self.index(), 1, 0), (SHT_RELA, bytes(self.relocations), 1, 24)]
        headers = bytearray(64)
        for kind, data, link, size in tables:
            headers += struct.pack("<IIQQQQIIQQ", 0, kind, SHF_ALLOC, 0, self.put(data), len(data), link, 0, 8, size)
        headers += headers[3 * 64:4 * 64] * self.more_sections
        at_dynamic, at_sections = self.put(dynamic), self.put(headers)
        self.body += bytes(max(0, pages * PAGE - len(self.body)))
        segments = [(PT_LOAD, self.flags, 0, 0, len(self.body), len(self.body)),
                    (PT_DYNAMIC, R, at_dynamic, at_dynamic, len(dynamic), len(dynamic))]
        for flags, address, size, memory in self.segments:
            self.body += b"\xff" * (-(len(self.body) - address) % PAGE)
            segments.append((PT_LOAD, flags, len(self.body), address, size, memory))
            self.body += bytes(size)
            self.body += b"\xff" * (-len(self.body) % PAGE)
        self.body[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 183, 1, entry, 64, at_sections, 0, 64, 56,
                                     len(segments), 64, len(headers) // 64, 0)
        for n, (kind, flags, offset, address, size, memory) in enumerate(segments):
            struct.pack_into("<IIQQQQQQ", self.body, 64 + 56 * n, kind, flags, offset, address, 0, size, memory, PAGE)
        return bytes(self.body)


class Signer:
    """Signs as the kit's tool does, in this process: there are hundreds."""

    def __init__(self, key, folder):
        self.key = load_pem_private_key(key.read_bytes(), None)
        self.folder = folder

    def write(self, number, elf, version=0):
        """The file of an app or a library."""
        header = struct.pack("<IIIIHH", 0x4F545348, 1, len(elf), PSS, 32, 256)
        bootstrap = uuid.UUID(name_of(number)).bytes + struct.pack("<I", version)
        digest = hashlib.sha256(header + bootstrap + elf).digest()
        signature = self.key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), utils.Prehashed(hashes.SHA256()))
        (self.folder / f"{name_of(number)}.ta").write_bytes(header + digest + signature + bootstrap + elf)


def smallest_app(number):
    """Has a time of its own and succeeds at everything."""
    file = File(R | X)
    code = file.put(CODE)
    low, mid, high = (int(part, 16) for part in name_of(number).split("-")[:3])
    node = bytes.fromhex("".join(name_of(number).split("-")[3:]))
    head = file.put(struct.pack("<IHH8sIIQ", low, mid, high, node, PAGE, SINGLE | MULTI, 0xFFFFFFFFFFFFFFFF))
    file.symbol(file.text(b"ta_head"), GLOBAL_OBJECT, 1, head, hash_of(b"ta_head"))
    return file.link(entry=code, pages=CROWD_PAGES)


def long_chain(needed, wanted):
    """Before the name that is looked up come others that differ in the last character only, and say they had its hash."""
    file = File()
    file.needed = [name_of(number) for number in needed]
    other = file.text(LONG + b"b")
    for _ in range(CHAIN):
        file.symbol(other, GLOBAL_OBJECT, SHN_ABS, 1, hash_of(LONG + b"c"))
    if wanted:
        file.symbol(file.text(LONG + b"c"), GLOBAL_OBJECT, SHN_ABS, 2, hash_of(LONG + b"c"))
    file.segments = divided(2)
    return file.link()


def divided(count):
    """Segments that become three regions each: their first and last page hold bytes that are not of them."""
    return [(R, 0x10000 * n + 8, 3 * PAGE - 16, 3 * PAGE - 16) for n in range(1, count + 1)]


def regions(needed):
    """As many as there may be of one library."""
    file = File()
    file.needed = [name_of(number) for number in needed]
    file.segments = divided(SEGMENTS_MAX - 1)
    return file.link()


def tables():
    """Thousands of symbols that are nearly what the kernel looks for, and of sections that are nearly an index of them."""
    file = File()
    file.indexed, file.more_sections = False, TABLE_SIZE
    almost, other = file.text(b"__elf_phdr_infp"), file.text(LONG + b"b")
    for n in range(TABLE_SIZE):
        file.symbol(almost if n >= CHAIN else other, GLOBAL_OBJECT, 1, 0, 0)
    return file.link()


def moved():
    """No relocation is in the page of the one before it; each second one is in two pages."""
    file, data = File(), 0x100000
    file.segments.append((R | W, data, 0, MOVED_PAGES * PAGE))
    for n in range(MOVES):
        in_page = PAGE - 4 if n % 2 else n // MOVED_PAGES * 8
        file.relocation(data + n % (MOVED_PAGES - 1) * PAGE + in_page, RELATIVE)
    return file.link()


def references():
    """To a long name that is found last of all, after pages that were filled; the last one leaves as many bytes hashed as may be
    before what comes then."""
    file, data = File(), 0x100000
    file.segments.append((R | W, data, FILLED * PAGE, FILLED * PAGE))
    name, shorter = file.text(LONG + b"c"), file.text(b"d" * (UNSEEN - 1))
    for n in range(REFERENCES):
        file.symbol(name, WEAK_OBJECT, 0, 0, 0)
        file.relocation(data + 8 * n, ABS64, n + 1)
    file.symbol(shorter, WEAK_OBJECT, 0, 0, 0)
    file.relocation(data, ABS64, REFERENCES + 1)
    return file.link()


def segments():
    """Pages to be filled, then some to be looked at for zeros, again and again."""
    file = File()
    for n in range(3):
        data = 0x100000 * (n + 1)
        file.segments += [(R | W, data, FILLED * PAGE, FILLED * PAGE), (R, data + 0x10FF8, PAGE + 16, PAGE + 16)]
    return file.link()


def main():
    """See the head of this file."""
    kit, folder, stamp = (Path(argument) for argument in sys.argv[1:4])
    shutil.rmtree(folder, ignore_errors=True)
    apps = folder / "usr/lib/optee_armtz"
    apps.mkdir(parents=True)
    signer = Signer(kit / "keys" / "default_ta.pem", apps)
    for number in range(CROWD, CROWD + CROWD_SIZE):
        signer.write(number, smallest_app(number), version=int(number < CROWD + VERSIONED))
    for number in DEPENDENTS:
        signer.write(number, long_chain([*DEPENDENTS, *DEPENDENTS][:16], number == DEPENDENTS[-1]))
    signer.write(MANY, long_chain([*DEPENDENTS, *DEPENDENTS][:16], False))
    signer.write(TOO_MANY, long_chain([*DEPENDENTS, 0x60, 0x61, 0x62, 0x63], False))
    for number in range(0x60, 0x64):
        signer.write(number, moved())
    signer.write(LARGE, File().link(pages=LARGE_PAGES))
    signer.write(MOVED, moved())
    signer.write(TABLES, tables())
    signer.write(NAMES, references())
    signer.write(SEGMENTS, segments())
    signer.write(DIVIDED, regions(range(DIVIDED + 1, DIVIDED + 13)))
    for number in range(DIVIDED + 1, DIVIDED + 13):
        signer.write(number, regions([]))
    stamp.write_text("")


if __name__ == "__main__":
    main()
