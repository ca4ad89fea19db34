#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the linked kernel against the rules that only the finished image can show, then writes it as a raw image."""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys

SLOTS = ["yielding", "fast", "cpu_on", "cpu_off", "resume", "suspend", "interrupt", "system_off", "system_reset"]

# Functions that may do what no other may.
# V registers: the switch, and cryptography that runs in a window (arch_fp_begin() in kernel/arch/arch.h).
FP_FUNCTIONS = re.compile(r"fp_(save|load|wipe)|v_mbedtls_[\w.]+")
TPIDR_EL0_FUNCTIONS = {"user_enter", "user_leave", "cpu_registers_set"}
WHOLE_TLB_FUNCTIONS = {"mmu_enable"}
SMC_FUNCTIONS = re.compile(r"(refuse|from_el3)_\w+|start_boot_cpu|start_next_cpu")

FP_REGISTER = re.compile(r"\b([vqdsbh]([0-9]|[12][0-9]|3[01])(\.[0-9a-z]+)?|fpcr|fpsr)\b")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\s+([0-9a-f]{8})\s+(\S+)\s*(.*)$")
LABEL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")


def symbols(nm, elf):
    lines = subprocess.run([nm, elf], check=True, capture_output=True, text=True).stdout.splitlines()
    return {row[2]: int(row[0], 16) for row in map(str.split, lines) if len(row) == 3}


def instructions(objdump, elf):
    """(function, address, mnemonic, operands) of every instruction."""
    text = subprocess.run([objdump, "-d", elf], check=True, capture_output=True, text=True).stdout
    function = ""
    for line in text.splitlines():
        label = LABEL.match(line)
        if label:
            function = label.group(1)
            continue
        match = INSTRUCTION.match(line)
        if match:
            operands = re.sub(r"<[^>]*>|//.*", "", match.group(4))
            yield function, int(match.group(1), 16), match.group(3), operands


def check_code(code, errors):
    for function, address, mnemonic, operands in code:
        where = f"{function} at {address:#x}: {mnemonic} {operands}"
        if FP_REGISTER.search(operands) and not FP_FUNCTIONS.fullmatch(function) and not mnemonic.startswith("."):
            errors.append(f"uses a V register (NW-212): {where}")
        if mnemonic in ("mrs", "msr") and "tpidr_el0" in operands and function not in TPIDR_EL0_FUNCTIONS:
            errors.append(f"touches TPIDR_EL0, which a TA chose: {where}")
        if mnemonic == "smc" and not SMC_FUNCTIONS.fullmatch(function):
            errors.append(f"calls EL3 (NW-213): {where}")
        whole = mnemonic == "tlbi" and operands.startswith(("vmalle1", "alle1"))
        if whole and function not in WHOLE_TLB_FUNCTIONS:
            errors.append(f"invalidates the whole TLB: {where}")


def check_slots(code, names, errors):
    table = names["opteed_vector"]
    at = {address: (mnemonic, operands) for _, address, mnemonic, operands in code}
    for index, slot in enumerate(SLOTS):
        mnemonic, operands = at.get(table + 4 * index, ("", ""))
        if mnemonic != "b" or int(operands.split()[0], 16) != names[f"slot_{slot}"]:
            errors.append(f"slot {index} of the vector table is not a branch to slot_{slot} (NW-202)")
    if table + 4 * len(SLOTS) > names["image_start"] + 4096:
        errors.append("the vector table is outside the identity-mapped page (NW-203)")


def header_v2(size):
    """The header of an image that the firmware loads at its default place: one image, no paged part (NW-216)."""
    anywhere, code = 0xFFFFFFFF, 0
    return b"OPTE" + struct.pack("<BBHI", 2, 1, 0, 1) + struct.pack("<IIII", anywhere, anywhere, code, size)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("elf")
    parser.add_argument("output")
    for tool in ("nm", "objdump", "objcopy"):
        parser.add_argument(f"--{tool}", required=True)
    parser.add_argument("--copy-to", help="a second place for the image; its header goes beside it")
    args = parser.parse_args()

    names = symbols(args.nm, args.elf)
    code = list(instructions(args.objdump, args.elf))
    errors = []
    check_code(code, errors)
    check_slots(code, names, errors)
    if names["_start"] != names["image_start"]:
        errors.append("the entry is not at the first byte (NW-200)")
    subprocess.run([args.objcopy, "-O", "binary", args.elf, args.output], check=True)
    with open(args.output, "rb") as file:
        if file.read(4) == b"OPTE":
            errors.append("the raw image looks like one with a header (NW-216)")
    if errors:
        os.unlink(args.output)
        sys.exit("\n".join(f"{args.elf}: {error}" for error in errors[:20]))
    if args.copy_to:
        os.makedirs(os.path.dirname(args.copy_to), exist_ok=True)
        shutil.copyfile(args.output, args.copy_to)
        with open(os.path.splitext(args.copy_to)[0] + "-header_v2.bin", "wb") as file:
            file.write(header_v2(os.path.getsize(args.output)))


if __name__ == "__main__":
    main()
