"""Runs a command under an allow-list of system calls: `python system_calls.py NAMES COMMAND…`, NAMES joined by commas.

As systemd's `SystemCallFilter`: any other call fails with EPERM. Sockets are of the families of
`RestrictAddressFamilies` in the unit.
"""

import ctypes
import os
import socket
import sys

ALLOW, DENY = 0x7FFF0000, 0x00050001
"""SCMP_ACT_ALLOW, and SCMP_ACT_ERRNO(EPERM)."""
EQUAL = 4
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)


class Comparison(ctypes.Structure):
    """`struct scmp_arg_cmp` of libseccomp."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def confine(names: list[str]) -> None:
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    add = library.seccomp_rule_add_array
    add.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Comparison))
    allowed = library.seccomp_init(DENY)
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        # Of other architectures, or younger than the library.
        if number < 0 or name == "socket":
            continue
        if add(allowed, ALLOW, number, 0, None):
            raise OSError(f"{name} can't be allowed")
    number = library.seccomp_syscall_resolve_name(b"socket")
    for family in FAMILIES:
        if add(allowed, ALLOW, number, 1, ctypes.byref(Comparison(0, EQUAL, family, 0))):
            raise OSError(f"sockets of {family!r} can't be allowed")
    if library.seccomp_load(allowed):
        raise OSError("the list of system calls can't be loaded")


if __name__ == "__main__":
    confine(sys.argv[1].split(","))
    os.execv(sys.argv[2], sys.argv[2:])
