"""The garbage collector of Python, which stops all threads of a process while it runs."""

import gc


def leave_out_present_objects() -> None:
    """Leave out all present objects from later collections.

    Call this when the process has started. The modules and the application are some 150,000
    objects that are never freed, and a collection of all of them takes a tenth of a second.
    """
    gc.collect()
    gc.freeze()
