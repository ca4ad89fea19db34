# SPDX-License-Identifier: BSD-2-Clause
"""Unit tests of what the launcher makes: archives, flash images, device trees. Nothing here boots a machine."""
import io
import struct

import pytest
from launcher import boot, dtb, fip, firmware, initramfs
from launcher.boot import GuestSpec, MachineConfig
from launcher.common import TenonError
from launcher.cpio import Archive

IMAGE_HEAD = bytearray(64)
IMAGE_HEAD[56:60] = b"ARM\x64"
struct.pack_into("<Q", IMAGE_HEAD, 16, 3 << 20)


def read_cpio(data):
    """Entries of an archive: name → (mode, data)."""
    stream, entries = io.BytesIO(data), {}
    while True:
        head = stream.read(110)
        assert head[:6] == b"070701"
        fields = [int(head[6 + 8 * n:14 + 8 * n], 16) for n in range(13)]
        name = stream.read(fields[11])[:-1].decode()
        stream.read(-stream.tell() % 4)
        body = stream.read(fields[6])
        stream.read(-stream.tell() % 4)
        if name == "TRAILER!!!":
            return entries
        entries[name] = (fields[1], body)


def test_an_archive_has_what_was_added_with_parents_first():
    archive = Archive()
    archive.add_file("/a/b/c", b"12345", 0o755)
    archive.add_link("bin", "usr/bin")
    archive.add_device("/dev/console", 5, 1)
    entries = read_cpio(archive.to_bytes())
    assert list(entries) == ["a", "a/b", "a/b/c", "bin", "dev", "dev/console"]
    assert entries["a/b/c"] == (0o100755, b"12345") and entries["bin"] == (0o120777, b"usr/bin")


def test_archives_are_reproducible_and_the_last_file_wins():
    def make(order):
        archive = Archive()
        for name in order:
            archive.add_file(name, b"old")
            archive.add_file(name, b"new")
        return archive.to_bytes()
    assert make("ab") == make("ba")
    assert read_cpio(make("ab"))["a"][1] == b"new"


def test_an_archive_cannot_leave_its_root():
    with pytest.raises(ValueError):
        Archive().add_file("../etc/passwd", b"")


def test_cpio_itself_can_read_an_archive(tmp_path):
    source = tmp_path / "in"
    (source / "d").mkdir(parents=True)
    (source / "d" / "f").write_text("text")
    (source / "l").symlink_to("d/f")
    archive = Archive()
    archive.add_tree(source)
    names = sorted(read_cpio(archive.to_bytes()))
    assert names == ["d", "d/f", "l"]


def test_commands_name_their_guests_and_xtest_is_recognised():
    entries = read_cpio(initramfs.commands_archive({"default": "true", "2": "xtest _1004\n"}))
    assert entries["commands/2"][1] == b"xtest _1004\n" and entries["commands/default"][1] == b"true\n"
    assert initramfs.runs_xtest(["/usr/bin/xtest -l 0"]) and not initramfs.runs_xtest(["maxtest", "ledger"])


def test_examples_are_picked_up_by_what_they_are(tmp_path):
    elf = b"\x7fELF" + bytes(14) + b"\xb7\0"
    (tmp_path / "x").mkdir()
    for name, data in (("x/client", elf), ("x/client.o", elf), ("x/id.ta", b"HSTO"), ("x/notes", b"text")):
        (tmp_path / name).write_bytes(data)
    entries = read_cpio(initramfs.examples_archive(tmp_path))
    assert {name for name in entries if "." in name or "client" in name} == {"usr/bin/client", "usr/lib/optee_armtz/id.ta"}


def test_a_firmware_package_lists_its_images():
    package = fip.build([("tb-fw", b"B" * 5000), ("tos-fw", b"T")])
    assert struct.unpack_from("<II", package) == (fip.TOC_NAME, fip.TOC_SERIAL)
    entries = [fip.ENTRY.unpack_from(package, fip.HEADER.size + n * fip.ENTRY.size) for n in range(3)]
    assert [entry[2] for entry in entries] == [5000, 1, 0] and entries[2][0] == bytes(16)
    for (_, offset, size, _), byte in zip(entries, b"BT"):
        assert offset % fip.ALIGN == 0 and set(package[offset:offset + size]) == {byte}


def test_flash_has_the_package_where_tfa_looks_and_refuses_what_does_not_fit():
    flash = firmware.join_flash(b"1" * 10, b"P")
    assert len(flash) == firmware.FLASH_SIZE and flash[firmware.FIP_OFFSET:firmware.FIP_OFFSET + 2] == b"P\0"
    with pytest.raises(TenonError):
        firmware.join_flash(b"", bytes(firmware.FLASH_SIZE))


def compile_tree(source, tmp_path):
    """Source → blob → source, by the device tree compiler."""
    return dtb.decompile(dtb.compile_source("/dts-v1/;\n" + source, tmp_path))


def test_a_vm_is_described_as_the_hypervisor_reads_it(tmp_path):
    vm = dtb.VmNode("linux1", 2, 0x20000, [dtb.Module("kernel", 0x46000000, 0x1000, "console=ttyAMA0"),
                                           dtb.Module("ramdisk", 0x1_4000_0000, 0x2000)],
                    "8a6b9c1e-3f04-5d0c-9a55-7ba1d1a0e7e1", {"limit-pages": 100}, no_tee=True, manual=True)
    text = compile_tree(dtb.hypervisor_source([vm], b"\xaa" * 32, b"\xbb" * 32), tmp_path)
    text = text.replace("\\0", '", "')              # some versions print a list of strings as one
    for wanted in ('compatible = "xen,domain"', "cpus = <0x02>", "memory = <0x00 0x20000>", "module@46000000",
                   'compatible = "multiboot,kernel", "multiboot,module"', "reg = <0x00 0x46000000 0x00 0x1000>",
                   "reg = <0x01 0x40000000 0x00 0x2000>", 'bootargs = "console=ttyAMA0"', "tenon,limit-pages = <0x64>",
                   'tenon,identity = "8a6b9c1e-3f04-5d0c-9a55-7ba1d1a0e7e1"', "tenon,no-tee;", "tenon,manual;", "secure-chosen"):
        assert wanted in text, wanted


def test_additions_are_merged_and_the_later_value_wins(tmp_path):
    base = dtb.compile_source('/dts-v1/;\n/ { chosen { rng-seed = [00]; stdout-path = "/pl011"; }; };', tmp_path, "base")
    text = dtb.decompile(dtb.merge(base, dtb.native_source("a=1", None, b"\x11\x22", b"\x33", True), tmp_path))
    assert "rng-seed = [11 22]" in text and 'stdout-path = "/pl011"' in text and "linaro,optee-tz" in text
    assert "rng-seed = [00]" not in text


@pytest.mark.parametrize("name", ["", "a b", "x;", "../y", "1x", "x" * 40, "a{"])
def test_node_names_are_checked(name):
    with pytest.raises(ValueError):
        dtb.vm_source(dtb.VmNode(name, 1, 1, []))


def test_strings_of_a_device_tree_are_quoted_or_refused():
    assert dtb.quote('say "x\\y"') == '"say \\"x\\\\y\\""'
    with pytest.raises(ValueError):
        dtb.quote("a\nb")


def test_modules_are_placed_apart_and_shared_images_once(tmp_path):
    kernel, initrd, hypervisor = (tmp_path / name for name in ("Image", "initrd", "hv"))
    kernel.write_bytes(IMAGE_HEAD)
    initrd.write_bytes(bytes(5 << 20))
    hypervisor.write_bytes(bytes(4096))
    specs = [GuestSpec(f"g{n}", f"linux{n}", kernel, initrd, memory=128) for n in (1, 2)]
    loads, source, memory = boot.describe_hypervisor(MachineConfig(specs, kernel, tmp_path, tmp_path, hypervisor))
    assert [address for address, _ in loads] == [boot.BL33_ADDRESS, 0x46000000, 0x46200000]
    assert source.count("module@46200000") == 2 and memory >= 96 + 2 * 128 and memory % 64 == 0


def test_seeds_are_fresh_but_fixed_when_instructions_are_counted(tmp_path):
    config = MachineConfig([], tmp_path, tmp_path, tmp_path)
    assert boot.make_seed(config) != boot.make_seed(config) and len(boot.make_seed(config)) == 32
    config.icount = True
    assert boot.make_seed(config) == boot.make_seed(config)
