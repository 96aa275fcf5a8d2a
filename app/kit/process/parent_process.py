"""The parent process, if `multiprocessing` started this one."""

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """Send SIGTERM to this process when its parent has ended.

    A parent that is killed with SIGKILL cannot end its children, which would keep its port.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_for_parent() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_parent, name="parent", daemon=True).start()
