"""``flush_on_sigterm`` in processes that fork and that wait, told to end at the worst moments."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.support.entries import assert_complete
from tests.support.process import run_python
from tests.support.project import write_files

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals and forks")

APP = """
    def work(n):
        return n
"""
WORKER = """
    import multiprocessing, signal, sys, threading, time
    import app

    def deaf(method):
        app.work(1)
        threading.Thread(target=tell, daemon=True).start()
        multiprocessing.get_context(method).Semaphore(0).acquire()

    def tell():
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        time.sleep(60)

    if __name__ == "__main__":
        worker = multiprocessing.get_context(sys.argv[1]).Process(target=deaf, args=sys.argv[1:])
        worker.start()
        worker.join(45)
        print(worker.exitcode)
        worker.kill()
"""
FORKS = """
    import os, signal, sys, threading

    def blocked():
        return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())

    os.register_at_fork(after_in_child=lambda: seen.append(blocked()))
    seen = []
    import glimpse
    glimpse.install(
        glimpse.TracingPolicy(included_packages=["app"]),
        glimpse.Config(params={"log_path": "log.jsonl"}, flush_on_sigterm=True),
    )
    import app

    def fork():
        child = os.fork()
        if not child:
            app.work(1)
            if seen == [True] and not blocked():
                os.kill(os.getpid(), signal.SIGTERM)
            os._exit(1)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        ended.append(blocked())

    ended = []
    fork()
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    print(ended)
"""


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.once)])
def test_a_worker_hears_of_a_signal_that_did_not_end_its_wait(tmp_path: Path, method: str) -> None:
    """Another thread gets the signal while the main thread waits for a semaphore, as if it came before the wait."""
    write_files(tmp_path, {"app.py": APP, "main.py": WORKER})
    environment = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "app", "GLIMPSE_FLUSH_ON_SIGTERM": "1"}
    ran = run_python("main.py", method, cwd=tmp_path, env=environment, log="glimpse.jsonl")
    assert ran.stdout.split() == [str(-signal.SIGTERM)], ran.stderr
    assert len(ran.entries) == 2
    assert_complete(ran.entries)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_signal_waits_while_the_process_is_copied(tmp_path: Path) -> None:
    """It is blocked until the child has taken stock, whichever thread forks, and comes through afterwards."""
    write_files(tmp_path, {"app.py": APP, "main.py": FORKS})
    flags = ("-W", "ignore") if sys.version_info >= (3, 12) else ()
    ran = run_python(*flags, "main.py", cwd=tmp_path, log="log.jsonl")
    assert ran.stdout.strip() == str([-signal.SIGTERM, False] * 2), ran.stderr
    assert len(ran.entries) == 4


SLOW = """
    import os, signal, sys, threading, time
    import glimpse

    class Slow(glimpse.BaseWriter):
        def write_batch(self, entries):
            time.sleep(0.5)
            with open("written", "a") as file:
                file.writelines(f"{entry.stage}\\n" for entry in entries)

    glimpse.register_writer("slow", Slow)
    config = glimpse.Config(dest="slow", flush_on_sigterm=True, flush_interval=0.05)
    glimpse.install(glimpse.TracingPolicy(included_packages=["app"]), config)
    import app

    def tell():
        for _ in range(2):
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)

    app.work(1)
    time.sleep(0.3)
    app.work(2)
    threading.Thread(target=tell, daemon=True).start()
    if sys.argv[1] == "wait":
        time.sleep(60)
"""


@pytest.mark.once
@pytest.mark.parametrize("way", ["exit", "wait"])
def test_a_signal_that_comes_while_the_rest_is_written(tmp_path: Path, way: str) -> None:
    """Whether the program is at its end or the signal has come before: first all is written."""
    write_files(tmp_path, {"app.py": APP, "main.py": SLOW})
    run_python("main.py", way, cwd=tmp_path, expect=-signal.SIGTERM)
    assert (tmp_path / "written").read_text().split() == ["START", "END"] * 2
