"""The programs of the fleet that are written in Python: `program.py KIND --mark=MARK [KEY=VALUE...]`.

Every process of one writes a line for each signal that it gets, with who sent it, into the file
FLEET_RECORD: when it is ready, and when it has finished what it does before it ends.
"""
import atexit
import os
import select
import signal
import socket
import sys
import time

RECORD = os.environ["FLEET_RECORD"]
OPTIONS = dict(word.split("=", 1) for word in sys.argv[2:] if not word.startswith("--"))
ENDS = [signal.Signals["SIG" + name] for name in OPTIONS.get("on", "TERM,INT").split(",")]
IGNORED = [signal.Signals["SIG" + name] for name in OPTIONS.get("ignore", "").split(",") if name]
DRAIN = float(OPTIONS.get("drain", "1"))
SIGNALS = {
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
}


def record(role, what):
    """One write for a line: lines of several processes are never mixed."""
    line = "%.3f %d %s %s\n" % (time.time(), os.getpid(), role, what)
    file = os.open(RECORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, line.encode())
    os.close(file)


def drained(role):
    """The last words, which somebody may no longer read, and the proof of an end in peace."""
    try:
        os.write(1, ("%s says goodbye\n" % role).encode())
    except OSError as error:
        record(role, "unheard %s" % error)
    record(role, "drained")


def attend(role, drain=None, finish=None, busy=None, hurried=False, ends=None, step=0.1):
    """Waits for a signal, works for `drain` more seconds, and ends.

    Signals stay blocked and are taken one by one: only so a program learns who sent them.
    """
    ends = ENDS if ends is None else ends
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        IGNORED.append(signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    record(role, "ready")
    deadline = None
    while deadline is None or time.monotonic() < deadline:
        if busy and busy():
            deadline = deadline or time.monotonic() + (DRAIN if drain is None else drain)
        if busy or deadline is not None:
            got = signal.sigtimedwait(SIGNALS, step)
        else:
            got = signal.sigwaitinfo(SIGNALS)
        if got is None:
            continue
        name = signal.Signals(got.si_signo).name
        record(role, "got %s from %d" % (name, got.si_pid))
        if got.si_signo in IGNORED:
            continue
        if got.si_signo not in ends:
            record(role, "died of %s" % name)
            os._exit(128 + got.si_signo)
        if deadline is not None:
            if hurried:
                record(role, "hurried by %s" % name)
                os._exit(1)
            continue
        deadline = time.monotonic() + (DRAIN if drain is None else drain)
    if finish:
        finish()
    drained(role)


def fork(work):
    """A process that does this work and ends."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def listener():
    port = int(OPTIONS.get("port", "0"))
    if port == 0:
        return None
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    return listening


def serve():
    listening = listener()
    attend("server")
    del listening


def hurried():
    listening = listener()
    attend("server", hurried=True)
    del listening


def multiprocessing_workers():
    import multiprocessing
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=attend, args=("worker%d" % n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    attend("master", drain=0, finish=lambda: [worker.join() for worker in workers])


def prefork():
    """A master that passes the signal on itself, and waits for its workers."""
    listening = listener()
    workers = [fork(lambda n=n: attend("worker%d" % n)) for n in range(3)]

    def finish():
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        for pid in workers:
            os.waitpid(pid, 0)

    attend("master", drain=0, finish=finish)
    del listening


def pool():
    """Workers that know of the end by a pipe of their master's, and not by signals."""
    reading, writing = os.pipe()

    def worker(n):
        os.close(writing)
        attend("worker%d" % n, busy=lambda: bool(select.select([reading], [], [], 0)[0]), ends=[])

    IGNORED.append(signal.SIGINT)
    workers = [fork(lambda n=n: worker(n)) for n in range(3)]
    IGNORED.remove(signal.SIGINT)
    os.close(reading)

    def finish():
        os.close(writing)
        for pid in workers:
            os.waitpid(pid, 0)

    attend("master", drain=0, finish=finish, hurried=True)


def faithless():
    """Ends at once, and tells its child nothing; the child has the port."""

    def child():
        listening = listener()
        attend("child")
        del listening

    fork(child)
    attend("parent", drain=0)


def daemon():
    """A double fork: its parent has ended when it begins."""
    sys.stdout.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    close_terminal()
    serve()


def close_terminal():
    nothing = os.open("/dev/null", os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)


def without_terminal():
    close_terminal()
    serve()


def own_group():
    os.setpgid(0, 0)
    serve()


def family():
    """A parent that waits for its children, and passes nothing on."""
    children = [fork(lambda n=n: attend("child%d" % n)) for n in range(2)]
    attend("parent", drain=0, finish=lambda: [os.waitpid(pid, 0) for pid in children])


def deep(level=1):
    if level < 5:
        fork(lambda: deep(level + 1))
    attend("level%d" % level, drain=0.5)


def zombies():
    for _ in range(5):
        fork(lambda: None)
    serve()


def chatty():
    line = ("x" * 79 + "\n") * 50

    def busy():
        try:
            os.write(1, line.encode())
        except OSError:
            pass
        return False

    # As much as a terminal takes, and a little less: 30 of them share a machine.
    attend("server", busy=busy, step=0.02)


def at_exit():
    def last():
        try:
            time.sleep(DRAIN)
            drained("server")
        except KeyboardInterrupt:
            record("server", "hurried by SIGINT")

    atexit.register(last)
    record("server", "ready")
    try:
        while True:
            time.sleep(1000)
    except KeyboardInterrupt:
        record("server", "got SIGINT from 0")
        sys.exit(0)


KINDS = {
    "serve": serve,
    "hurried": hurried,
    "multiprocessing": multiprocessing_workers,
    "prefork": prefork,
    "pool": pool,
    "faithless": faithless,
    "daemon": daemon,
    "without-terminal": without_terminal,
    "own-group": own_group,
    "family": family,
    "deep": deep,
    "zombies": zombies,
    "chatty": chatty,
    "atexit": at_exit,
}
KINDS[sys.argv[1]]()
