#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the public half of an RSA key (PEM: private or public, PKCS#1 or PKCS#8) as C constants.

usage: ta_key.py KEY.pem OUT.c
"""
import base64
import hashlib
import re
import sys

# SHA-256 of the modulus of the key that OP-TEE's development kit publishes, private half included.
DEVELOPMENT_KEY = "bc5c24a3c79f65ac783b4d6d091ac29bfac51578a3a13b675c253eb4a4057cef"
SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING = 0x30, 0x02, 0x03, 0x04


def read_tlv(data, pos):
    """One DER element: (tag, content, position behind it)."""
    tag, length = data[pos], data[pos + 1]
    pos += 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[pos:pos + size], "big")
        pos += size
    if pos + length > len(data):
        raise ValueError("DER element is longer than the data")
    return tag, data[pos:pos + length], pos + length


def elements(data):
    found, pos = [], 0
    while pos < len(data):
        tag, content, pos = read_tlv(data, pos)
        found.append((tag, content))
    return found


def sequence(der):
    tag, content, _ = read_tlv(der, 0)
    if tag != SEQUENCE:
        raise ValueError("not a DER sequence")
    return elements(content)


def public_numbers(kind, der):
    """(modulus, exponent) of any of the four usual containers."""
    parts = sequence(der)
    if kind == "PUBLIC KEY":  # SubjectPublicKeyInfo: the bit string holds a PKCS#1 key
        return public_numbers("RSA PUBLIC KEY", parts[1][1][1:])
    if kind == "PRIVATE KEY":  # PKCS#8: the octet string holds a PKCS#1 key
        return public_numbers("RSA PRIVATE KEY", parts[2][1])
    first = 1 if kind == "RSA PRIVATE KEY" else 0  # a private key begins with its version
    numbers = parts[first:first + 2]
    if any(tag != INTEGER for tag, _ in numbers):
        raise ValueError("modulus and exponent are not where they should be")
    return tuple(int.from_bytes(content, "big") for _, content in numbers)


def read_key(path):
    with open(path, encoding="ascii") as f:
        text = f.read()
    kinds = "RSA PRIVATE KEY|RSA PUBLIC KEY|PRIVATE KEY|PUBLIC KEY"
    match = re.search(f"-----BEGIN ({kinds})-----(.*?)-----END", text, re.DOTALL)
    if not match:
        raise ValueError(f"{path}: no RSA key in PEM form")
    return public_numbers(match.group(1), base64.b64decode(match.group(2)))


def to_bytes(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def c_array(name, data):
    lines = [", ".join(f"0x{b:02x}" for b in data[i:i + 12]) for i in range(0, len(data), 12)]
    return f"static const uint8_t {name}[] = {{\n\t" + ",\n\t".join(lines) + "};\n"


def main():
    key_path, out_path = sys.argv[1:]
    modulus, exponent = (to_bytes(n) for n in read_key(key_path))
    if not 256 <= len(modulus) <= 512:
        raise ValueError(f"{key_path}: {8 * len(modulus)} bits; RSA-2048 to RSA-4096 is what fits")
    is_development = hashlib.sha256(modulus).hexdigest() == DEVELOPMENT_KEY
    with open(out_path, "w", encoding="ascii") as out:
        out.write('#include "kernel/crypto/crypto.h"\n\n')
        out.write(c_array("modulus", modulus))
        out.write(c_array("exponent", exponent))
        out.write("const struct crypto_rsa_key crypto_ta_key = {modulus, sizeof(modulus), "
                  "exponent, sizeof(exponent)};\n")
        out.write(f"const bool crypto_ta_key_is_development = {str(is_development).lower()};\n")


if __name__ == "__main__":
    main()
