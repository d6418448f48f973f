"""Mounts a file system that is none of this machine's (FUSE, as sshfs and others are) at a folder, and runs a command in its sight:
FOLDER COMMAND... Needs root and a mount namespace of its own. Its folder is empty and takes nothing."""
import ctypes
import errno
import os
import struct
import subprocess
import sys
import threading

# linux/fuse.h
LOOKUP, FORGET, GETATTR, STATFS, INIT, DESTROY, ACCESS, BATCH_FORGET = 1, 2, 3, 17, 26, 38, 34, 42
HEADER = struct.Struct("<IIQQIIII")  # length, operation, number, node, user, group, process, padding


def attributes():
    now = 0
    return struct.pack("<QIIQQQQQQIIIIIIIIII", 1, 0, 0, 1, 0, 0, now, now, now, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)


def reply(operation, request):
    """The answer's bytes, or an error."""
    if operation == INIT:
        _, minor = struct.unpack_from("<II", request)
        return struct.pack("<IIIIHHIIHHII24x", 7, min(minor, 31), 0, 0, 12, 9, 4096, 1, 1, 0, 0, 0)
    if operation == GETATTR:
        return attributes()
    if operation == STATFS:
        return struct.pack("<QQQQQIIII24x", 1000, 1000, 1000, 1000, 1000, 4096, 255, 4096, 0)
    if operation == ACCESS:
        return b""
    return errno.ENOENT if operation == LOOKUP else errno.EROFS


def serve(device):
    while True:
        message = os.read(device, 1 << 20)
        _, operation, number, *_ = HEADER.unpack_from(message)
        if operation in (FORGET, BATCH_FORGET):
            continue
        said = reply(operation, message[HEADER.size:])
        error, data = (said, b"") if isinstance(said, int) else (0, said)
        os.write(device, struct.pack("<IiQ", 16 + len(data), -error, number) + data)


def mount(folder):
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"elsewhere", folder.encode(), b"fuse", 0, options.encode()) != 0:
        sys.exit(f"no FUSE here: {os.strerror(ctypes.get_errno())}")
    threading.Thread(target=serve, args=(device,), daemon=True).start()


if __name__ == "__main__":
    mount(sys.argv[1])
    sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
