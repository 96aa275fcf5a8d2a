"""The heap of the C library, which holds large blocks of memory."""

import ctypes

# `M_MMAP_THRESHOLD` of `mallopt(3)`.
_MAPPING_THRESHOLD = -3
# A context of zlib takes 256 kB and is allocated for each response: it should stay in the heap.
_LARGE_BLOCK_BYTES = 2**20


def return_large_blocks() -> None:
    """Let each block of 1 MB or more return to the system when it is freed.

    glibc raises this threshold up to 32 MB each time a large block is freed. Large feeds then
    leave holes in the heap, and the process keeps tens of megabytes. Other C libraries have no
    `mallopt` with this option; there, nothing changes.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MAPPING_THRESHOLD, _LARGE_BLOCK_BYTES)
