"""The garbage collector of Python, which stops all threads of a process while it runs."""

import gc

# Allocations of containers before a collection of the youngest objects, and how many collections
# of a generation precede one of the next. A page of stories is some hundred containers, so with
# Python's defaults (700, 10, 10) most requests in progress survive several collections.
_THRESHOLDS = 10_000, 20, 100


def collect_less_often() -> None:
    """Leave out all present objects from collections, and make the others rare.

    Call this when the process has started. The modules and the application are some 150,000
    objects that are never freed, and a collection of all of them takes a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
