"""Starts `signpost sandbox` on a free port, and counts checks, for the scripts beside."""

import contextlib
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback

PERSON = "xoxp" + "-sandbox-ada"
OTHER_PERSON = "xoxp" + "-sandbox-grace"
BOT = "xoxb" + "-sandbox-echo"
BOT_APP = "xapp" + "-sandbox-echo"


@contextlib.contextmanager
def sandbox(binary, *more):
    """Gives the workspace's address; afterwards it must end cleanly when asked to."""
    process = subprocess.Popen([binary, "sandbox", "--port", "0", *more], stdout=subprocess.PIPE, text=True)
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    try:
        url = lines.get(timeout=30).strip()
        if not url.startswith("http://127.0.0.1:"):
            raise SystemExit(f"no address on stdout but {url!r}")
        yield url
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)
        if code != 0:
            raise SystemExit(f"asked to end, it ended with {code}")
    finally:
        process.kill()


def until(look, seconds=5.0):
    """Looks again until there is something to see."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)


def run(checks):
    """Runs `(name, function)` pairs and ends the process with the verdict."""
    passed = failed = 0
    for name, check in checks:
        try:
            check()
            passed += 1
            print(f"ok   {name}", flush=True)
        except Exception:  # a check that breaks is a check that failed
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed


def main(tests):
    """`tests(url)` gives the pairs; the binary's path is the script's argument."""
    with sandbox(sys.argv[1]) as url:
        failed = run(tests(url))
    sys.exit(1 if failed else 0)
