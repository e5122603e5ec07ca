# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of bad input and of outputs share: a fresh folder with a capture, its labels and
its model for each case, and the one line that the tool may say.
"""
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import tooltest as t

FLOWTWIN = os.path.abspath(sys.argv[1])
tap = t.Tap()
top = tempfile.mkdtemp(prefix="flowtwin-tool-")
prepared = os.path.join(top, "prepared")

UDP = bytes.fromhex("ffffffffffff0011223344550800" "4500001c000100004011b6b9" "0a0000010a000002"
                    "0035003500080000")
ROW = "10.20.30.1\t40000\t172.20.1.80\t80\t1700000000.0\tWEB"


def contents(name):
    with open(name, "rb") as file:
        return file.read()


def snapshot(folder="."):
    """Every path below a folder, with what it is."""
    seen = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            at = os.path.join(path, name)
            state = os.lstat(at)
            is_file = stat.S_ISREG(state.st_mode)
            seen[os.path.relpath(at, folder)] = (
                stat.S_IFMT(state.st_mode), t.sha256(at) if is_file else None,
                state.st_mtime_ns if is_file else None)
    return seen


def in_box(name, act):
    """Runs act in a fresh copy of the prepared folder."""
    box = os.path.join(top, "box")
    shutil.copytree(prepared, box)
    os.chdir(box)
    try:
        act()
    except (AssertionError, IndexError, OSError, ValueError, subprocess.SubprocessError) as reason:
        tap.ok(False, name, repr(reason))
    finally:
        os.chdir(top)
        shutil.rmtree(box)


def one_line(stderr):
    """The message on standard error, if it is one line of the tool."""
    text = stderr.decode("utf-8", "replace")
    match = re.fullmatch(r"flowtwin: ([^\n]*)\n", text)
    return match.group(1) if match else None

def prepare_all():
    os.mkdir(prepared)
    os.chdir(prepared)
    frames = t.conversation()
    t.write("good.pcap", t.pcap(frames))
    with open("good.tsv", "w", encoding="utf-8") as file:
        file.write("client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\n" + ROW)
    done = t.run([FLOWTWIN, "learn", "good.pcap", "-p", "paper", "-o", "model.json", "-q"])
    tap.ok(done.returncode == 0 and done.stderr == b"", "the small capture is learned from",
           done.stderr)
    os.chdir(top)
    if done.returncode != 0:
        tap.end()  # nothing that follows would mean anything


def flowtwin(*words, **more):
    return t.run([FLOWTWIN] + list(words), **more)


def expect(name, is_good, done, *details):
    tap.ok(is_good, name, "exit status %s" % done.returncode, done.stderr[:800], *details)


CASES = []


def case(function):
    """Marks a test case whose name is its docstring's first line."""
    CASES.append((function.__doc__.splitlines()[0].rstrip("."), function))
    return function


def run_cases():
    for name, function in CASES:
        in_box(name, lambda name=name, function=function: function(name))


def end():
    shutil.rmtree(top)
    tap.end()
