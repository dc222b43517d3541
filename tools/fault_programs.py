"""The faults that ``tools.faults`` tries: a program each, what is done to it, and what it may lose."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.writers.mongo_server import MongoServer
from tools import fault_servers
from tools.fault_servers import Runnable

INTERVAL_S = 0.2
FILES = ("jsonl", "json", "sqlite", "journal")
EVERY = (*FILES, "mongo")

APP = """
import os, sys, threading, time
_here = os.path.dirname(os.path.abspath(__file__))
_noted = os.open(os.path.join(_here, "noted"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_write, _clock = os.write, time.monotonic

def work(call):
    return len(call)

class Noted:
    def __init__(self, name):
        self.name, self.number = name, 0
    def __call__(self, count=1):
        for _ in range(count):
            self.number += 1
            call = f"{self.name}-{os.getpid()}-{self.number}"
            work(call)
            _write(_noted, f"{call} {_clock()}\\n".encode())

def noted(name):
    return Noted(name)
"""
BEGIN = """
import atexit, os, signal, subprocess, sys, threading, time
sys.path.insert(0, os.getcwd())
import app
class Calls(app.Noted): pass
calls = app.Noted("main")
"""
FOREVER = "while True: calls(random.randint(1, 400)); time.sleep(random.choice((0, 0, 0.001, 0.02)))\n"
POOL = """
import multiprocessing
import app

def task(number):
    app.Noted(f"task{{number}}")(50)

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    {body}
"""
ASGI = """
import app
calls = app.Noted("asgi")
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    calls(7)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""
WSGI = """
import app
calls = app.Noted("wsgi")
def application(environ, start_response):
    calls(7)
    start_response("200 OK", [])
    return [b"ok"]
"""
SERVE = """
import signal, socket, subprocess, sys, time, urllib.request
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
with open("served.py", "w") as file:
    file.write({source!r})
server = subprocess.Popen([sys.executable, "-m", *{command!r}.format(port=port).split()])
url, answers, deadline = f"http://127.0.0.1:{{port}}/", 0, time.monotonic() + 60
while answers < 40 and time.monotonic() < deadline:
    try:
        answers += urllib.request.urlopen(url, timeout=10).status == 200
    except OSError:
        time.sleep(0.1)
server.send_signal(signal.SIGTERM)
server.wait(30)
"""


@dataclass(frozen=True)
class Fault:
    """One fault.

    :param signal: sent at a random moment, once the program has made ``least_calls``.
    :param may_lose: what was recorded within the last flush interval.
    :param needs: why it cannot be tried here; nothing if it can.
    :param dests: the writers that it is for.
    :param server: runs the program, and does something to the server.
    """

    name: str
    program: str
    signal: int | None = None
    may_lose: bool = False
    needs: Callable[[], str] | None = None
    dests: tuple[str, ...] = EVERY
    server: Callable[[MongoServer, Runnable], None] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("{python}", "main.py")
    least_calls: int = 50


def program(body: str, head: str = BEGIN) -> str:
    """A program that makes calls."""
    return f"{head}import random\n{body}"


def _not_installed(name: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"{name} is not installed"


def _cannot_mount() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "none", folder]
        if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
            return "a file system cannot be mounted here"
        subprocess.run(["umount", folder], check=True)
    return ""


CHILD = "pid = os.fork()\nif not pid:\n    app.Noted('child')(30); sys.exit(0)\nos.waitpid(pid, 0)\n"
SMALL_DISK = """
folder = os.path.dirname(os.environ["TRACE"])
filler = os.path.join(folder, "filler")
calls(100); time.sleep(0.5)
free = os.statvfs(folder)
with open(filler, "wb") as file:
    try:
        file.write(b"x" * (free.f_bavail * free.f_frsize)); file.flush()
    except OSError:
        pass
calls(3000); time.sleep(0.5); calls(100)
os.unlink(filler)
time.sleep(0.5); calls(100)
"""
DISK = """
import os, shutil, subprocess, sys
folder = os.path.dirname(os.environ["TRACE"])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=True)
try:
    subprocess.run([sys.executable, "inner.py"], env={**os.environ, "GLIMPSE_AUTO": "1"})
    shutil.copytree(folder, "kept")
finally:
    subprocess.run(["umount", "-l", folder], check=True)
shutil.copytree("kept", folder, dirs_exist_ok=True)
"""
MOVED = "calls(500); time.sleep(0.6); {}; calls(500); time.sleep(0.6); calls(500)\n"
AWAY = 'old = os.path.dirname(os.environ["TRACE"]) + "/old/"; os.makedirs(old); '
RENAME = (
    AWAY + 'os.rename(os.environ["TRACE"], old + os.path.basename(os.environ["TRACE"])); '
    'open(os.environ["TRACE"], "w").close()'
)
COPY = AWAY + 'import shutil; shutil.copy(os.environ["TRACE"], old); os.truncate(os.environ["TRACE"], 0)'
LIMIT = """
import resource
calls(1000); time.sleep(0.5)
import glob
size = max(map(os.path.getsize, glob.glob(os.environ["TRACE"] + "*")))
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))
calls(1500); time.sleep(0.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
calls(100)
"""

TRACES = 'import glob; traces = lambda: glob.glob(os.environ["TRACE"] + "*")\n'
NOTES_ANEW = (
    "os.rename('noted', 'noted.gone'); os.close(app._noted)\n"
    "app._noted = os.open('noted', os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
)
READ_ONLY_FILE = (
    TRACES
    + """
calls(500); time.sleep(0.6)
for path in traces(): os.chmod(path, 0o400)
calls(500); time.sleep(0.6)
for path in traces(): os.chmod(path, 0o600)
calls(100)
"""
)
READ_ONLY_FOLDER = f"""
calls(10); time.sleep(0.6)
{NOTES_ANEW}
os.unlink(os.environ["TRACE"])
os.chmod(os.path.dirname(os.environ["TRACE"]), 0o500)
calls(500); time.sleep(0.6)
os.chmod(os.path.dirname(os.environ["TRACE"]), 0o700)
calls(500)
"""
UNPRIVILEGED = """
import os, subprocess, sys
dropped, command = "-dac_override,-dac_read_search", [sys.executable, "inner.py"]
if not os.geteuid():
    command = ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", *command]
subprocess.run(command, env={**os.environ, "GLIMPSE_AUTO": "1"})
"""
CLOCK_C = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, t);
    if (!result && id == CLOCK_REALTIME && !access("put-back", F_OK)) t->tv_sec -= 3600;
    return result;
}
int gettimeofday(struct timeval *t, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec; t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""
CLOCK = """
calls(300); before = time.time(); open("put-back", "w").close()
if time.time() > before - 3000: raise SystemExit("the clock was not put back")
calls(300); time.sleep(0.5); calls(300)
"""
OTHER_CLOCK = f"""
import os, subprocess, sys
open("clock.c", "w").write({CLOCK_C!r})
subprocess.run(["cc", "-shared", "-fPIC", "-o", "clock.so", "clock.c", "-ldl"], check=True)
environment = {{**os.environ, "GLIMPSE_AUTO": "1", "LD_PRELOAD": os.path.abspath("clock.so")}}
if subprocess.run([sys.executable, "inner.py"], env=environment).returncode: os.unlink("noted")
"""
FOR_A_WHILE = "end = time.monotonic() + 2\nwhile time.monotonic() < end: calls(5); time.sleep(0.005)\n"


def within(head: str, inner: str) -> str:
    """A program that prepares something and runs another one."""
    return f"open('inner.py', 'w').write({program(inner)!r})\n{head}"


def _missing(command: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(command) else f"there is no {command}"


def _cannot_be_refused() -> str:
    return _missing("setpriv")() if not os.geteuid() else ""


FAULTS = [
    Fault("normal exit", program("calls(2000)")),
    Fault("sys.exit", program("calls(2000); sys.exit(3)")),
    Fault("unhandled exception", program("calls(2000); raise RuntimeError")),
    Fault("os._exit", program("calls(2000); os._exit(0)"), may_lose=True),
    Fault("os._exit in a child", program("calls(300)\npid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)")),
    Fault("SIGINT", program(FOREVER), signal=signal.SIGINT),
    Fault("SIGTERM, own handler", program("signal.signal(15, lambda *a: sys.exit(0))\n" + FOREVER), signal=15),
    Fault("SIGTERM, default action", program(FOREVER), signal=signal.SIGTERM, may_lose=True),
    Fault(
        "SIGTERM, flush_on_sigterm", program(FOREVER), signal=signal.SIGTERM,
        environment={"GLIMPSE_FLUSH_ON_SIGTERM": "true"},
    ),
    Fault("kill -9", program(FOREVER), signal=signal.SIGKILL, may_lose=True),
    Fault("threads that outlive the main thread", program(
        "for n in range(4): threading.Thread(target=app.Noted(f't{n}'), args=(1000,)).start()")),
    Fault("daemon threads", program(
        "def loop(c):\n    while not over: c(5); time.sleep(0)\nover = []\n"
        "for n in range(4): threading.Thread(target=loop, args=(app.Noted(f't{n}'),), daemon=True).start()\n"
        "time.sleep(0.5); over.append(1); calls(10); time.sleep(0.2)")),
    Fault("errors at the end of the interpreter", program(
        "atexit.register(lambda: 1 / 0)\nclass Last:\n    def __del__(self): raise ValueError\nlast = Last()\n"
        "atexit.register(calls, 20)\ncalls(500)")),
    Fault("os.fork", program("calls(300)\n" + CHILD * 3 + "calls(10)")),
    Fault("os.fork in a thread", program(
        "def forking():\n    app.Noted('t')(100)\n    pid = os.fork()\n    if not pid:\n"
        "        app.Noted('child')(30)\n"
        "        import glimpse.tracer; glimpse.tracer.current().flush(); os._exit(0)\n    os.waitpid(pid, 0)\n"
        "calls(300); t = threading.Thread(target=forking); t.start(); t.join(); calls(10)")),
    *(Fault(f"multiprocessing, {method}", POOL.format(method=method, body=(
        "workers = [context.Process(target=task, args=(n,)) for n in range(3)]\n"
        "    [w.start() for w in workers]; [w.join() for w in workers]")))
      for method in ("fork", "spawn", "forkserver")),
    *(Fault(f"multiprocessing pool, {method}", POOL.format(method=method, body=(
        "pool = context.Pool(2); pool.map(task, range(6)); pool.close(); pool.join()")))
      for method in ("fork", "spawn")),
    Fault("a pool that is terminated", POOL.format(method="fork", body=(
        "pool = context.Pool(2); pool.map(task, range(6)); pool.terminate()")), may_lose=True),
    Fault("a pool that is terminated, flush_on_sigterm", POOL.format(method="fork", body=(
        "pool = context.Pool(2); pool.map(task, range(6)); pool.terminate()")),
        environment={"GLIMPSE_FLUSH_ON_SIGTERM": "true"}),
    Fault("subprocess", program(
        "calls(100); subprocess.run([sys.executable, '-c', 'import app; app.Noted(\"sub\")(100)'], check=True)")),
    Fault("gunicorn, 2 workers", SERVE.format(
        source=WSGI, command="gunicorn -w 2 -b 127.0.0.1:{port} --log-level error served:application"),
        needs=_not_installed("gunicorn")),
    Fault("uvicorn, 2 workers", SERVE.format(
        source=ASGI, command="uvicorn --workers 2 --port {port} --log-level error served:application"),
        may_lose=True, needs=_not_installed("uvicorn")),  # its workers end by SIGTERM, after they have handled it
    Fault("uvicorn, 2 workers, flush_on_sigterm", SERVE.format(
        source=ASGI, command="uvicorn --workers 2 --port {port} --log-level error served:application"),
        needs=_not_installed("uvicorn"), environment={"GLIMPSE_FLUSH_ON_SIGTERM": "true"}),
    Fault("disk full for a while", within(DISK, SMALL_DISK), dests=FILES,
          environment={"GLIMPSE_AUTO": "0"}, needs=_cannot_mount),
    Fault("RLIMIT_FSIZE for a while", program(LIMIT), dests=FILES),
    Fault("file deleted", program(
        "calls(10); time.sleep(0.6)\n" + NOTES_ANEW +
        "os.unlink(os.environ['TRACE']); calls(500); time.sleep(0.5); calls(500)"), dests=FILES),
    Fault("logrotate, rename", program(MOVED.format(RENAME)), dests=FILES),
    Fault("file emptied", program(
        "calls(10); time.sleep(0.6)\n" + NOTES_ANEW +
        "os.truncate(os.environ['TRACE'], 0); calls(500); time.sleep(0.5); calls(500)"), dests=FILES),
    Fault("logrotate, copytruncate", program(MOVED.format(COPY)), dests=("jsonl", "json", "journal")),
    Fault("file made read-only for a while", within(UNPRIVILEGED, READ_ONLY_FILE), dests=FILES,
          environment={"GLIMPSE_AUTO": "0"}, needs=_cannot_be_refused),
    Fault("file deleted, folder read-only for a while", within(UNPRIVILEGED, READ_ONLY_FOLDER), dests=FILES,
          environment={"GLIMPSE_AUTO": "0"}, needs=_cannot_be_refused),
    Fault("clock put back by an hour", within(OTHER_CLOCK, CLOCK),
          environment={"GLIMPSE_AUTO": "0"}, needs=_missing("cc")),
    Fault("server absent at the start", program(FOR_A_WHILE), dests=("mongo",), server=fault_servers.absent),
    Fault("server lost for a while", program(FOR_A_WHILE), dests=("mongo",), server=fault_servers.lost),
    Fault("server lost until the next run", program(FOR_A_WHILE), dests=("mongo",),
          server=fault_servers.lost_until_the_next_run),
    Fault("server slower than the time limit", program(FOR_A_WHILE), dests=("mongo",), server=fault_servers.slow),
    Fault("server refuses for a while", program(FOR_A_WHILE), dests=("mongo",), server=fault_servers.refusing),
    Fault("server full for a while", program(FOR_A_WHILE), dests=("mongo",), server=fault_servers.full),
]  # fmt: skip
