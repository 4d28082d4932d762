"""How the process of a peer deals with memory: what it keeps, and how much it took; shared by the Python peers."""

import os
import sys
from pathlib import Path

# glibc gives large blocks back to the system after every use, and PyTorch then pays for fresh pages at every step (at
# batch 1000 of `convnet`: 7.2 million page faults an epoch, and half the speed). With these it keeps them, on huge pages.
KEEP = {
    "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": str(1 << 28),
    "THP_MEM_ALLOC_ENABLE": "1",
}


def keep():
    """Start this process again with an allocator that keeps what is freed; call it before anything else."""
    if not KEEP.items() <= os.environ.items():
        os.environ.update(KEEP)  # read at process start only
        os.execv(sys.executable, sys.orig_argv)


def peak_mb():
    """The most memory that this process has had resident."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
