#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the crash dump's symbol table as assembly: symbols.py OUTPUT [NM ELF]. Without an ELF it is empty."""
import subprocess
import sys


def functions(nm, elf):
    """(offset from image_start, name) of the image's functions, sorted; one name for each address."""
    lines = subprocess.run([nm, "-n", elf], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [(int(row[0], 16), row[1], row[2]) for row in map(str.split, lines) if len(row) == 3]
    start = next(address for address, _, name in rows if name == "image_start")
    found = {}
    for address, kind, name in rows:
        if kind in "tT" and not name.startswith(("$", ".")) and address >= start:
            if name not in ("image_start", "text_start", "text_end", "idmap_used"):
                found.setdefault(address - start, name)
    return sorted(found.items())


def main():
    output, *source = sys.argv[1:]
    table = functions(*source) if source else []
    out = ["/* Generated. */", '.section .symbols, "a"', ".balign 4",
           ".global symbol_count", "symbol_count:", f".word {len(table)}",
           ".global symbol_table", "symbol_table:"]
    position = 0
    for offset, name in table:
        out.append(f".word {offset:#x}, {position}")
        position += len(name) + 1
    out += [".global symbol_names", "symbol_names:"] + [f'.asciz "{name}"' for _, name in table]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(out) + '\n.byte 0\n.section .note.GNU-stack,"",%progbits\n')


if __name__ == "__main__":
    main()
