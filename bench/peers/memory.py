"""Memory settings of a peer's process, and its peak memory; shared by the Python peers."""

import os
import sys
from pathlib import Path

# glibc returns large blocks to the system after every use, and PyTorch then needs fresh pages at every step (at batch 1000 of
# `convnet`: 7.2 million page faults per epoch, and half the speed). With these settings glibc keeps the blocks, on huge pages.
KEEP = {
    "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": str(1 << 28),
    "THP_MEM_ALLOC_ENABLE": "1",
}


def keep():
    """Restarts this process with an allocator that keeps freed memory; call it before anything else."""
    if not KEEP.items() <= os.environ.items():
        os.environ.update(KEEP)  # read at process start only
        os.execv(sys.executable, sys.orig_argv)


def peak_mb():
    """The peak resident memory of this process, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
