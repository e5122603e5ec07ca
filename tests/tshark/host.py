# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the plugin share: tshark with the plugin that was built, and nothing of the
user's own.

With user or group 0 Wireshark ignores WIRESHARK_PLUGIN_DIR without a word, so that a test run as
root would test nothing: tshark then runs as another user, with copies of all that it needs in a
folder of its own.
"""
import concurrent.futures
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tooltest as t  # noqa: E402

NOBODY = 65534
IS_ROOT = os.geteuid() == 0


class Host:
    """tshark in a folder of its own, with the plugin of @build (a CMake build folder)."""

    def __init__(self, build):
        self.top = tempfile.mkdtemp(prefix="flowtwin-tshark-")
        self.load = os.path.join(self.top, "load")
        shutil.copytree(os.path.join(build, "plugin", "load"), self.load)
        library = os.path.join(build, "libcore")
        for name in os.listdir(library):
            if name.startswith("libflowtwin.so."):
                shutil.copy(os.path.join(library, name), self.top, follow_symlinks=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder("home"),
            "XDG_RUNTIME_DIR": self.folder("run"),
            "LD_LIBRARY_PATH": self.top,
            "WIRESHARK_PLUGIN_DIR": self.load,
            "WIRESHARK_EXTCAP_DIR": self.folder("extcap"),  # its programs hang under a sanitizer
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        if os.environ.get("FLOWTWIN_PRELOAD"):
            self.environment["LD_PRELOAD"] = os.environ["FLOWTWIN_PRELOAD"]
        self.give(self.top)

    def give(self, path):
        """Lets the other user have a path, and what is below it."""
        if IS_ROOT:
            os.chown(path, NOBODY, NOBODY)
            for folder, folders, files in os.walk(path):
                for name in folders + files:
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY)

    def folder(self, name):
        path = os.path.join(self.top, name)
        os.makedirs(path, mode=0o700)
        self.give(path)
        return path

    def path(self, name):
        return os.path.join(self.top, name)

    def command(self, *arguments, program="tshark"):
        drop = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
        return (drop if IS_ROOT else []) + [program] + list(arguments)

    def run(self, *arguments, **more):
        more.setdefault("cwd", self.top)
        more.setdefault("env", self.environment)
        program = more.pop("program", "tshark")
        if program not in ("tshark", "sh"):  # no plugin there, and mergecap hangs with a sanitizer
            more["env"] = {k: v for k, v in more["env"].items() if k != "LD_PRELOAD"}
        return t.run(self.command(*arguments, program=program), **more)

    def lines(self, *arguments, **more):
        """Standard output as lines; the run must go well and say nothing."""
        result = self.run(*arguments, **more)
        error = result.stderr.decode()
        if result.returncode != 0 or error != "":
            raise AssertionError("%s: %d, %s" % (" ".join(arguments), result.returncode, error))
        return result.stdout.decode().splitlines()

    def fields(self, capture, names, *arguments):
        """A list of values a packet, as -T fields prints them."""
        wanted = [part for name in names for part in ("-e", name)]
        return [line.split("\t") for line in
                self.lines("-n", "-r", capture, "-T", "fields", *wanted, *arguments)]

    def end(self):
        shutil.rmtree(self.top)


def rows_of(text, label_column):
    """The rows of flows in what check or -z flowtwin,flows prints, as words: without label and
    stream, which only one of the two knows; the reasons stay."""
    rows = []
    for line in text.decode("utf-8", "replace").splitlines():
        words = line.split()
        if len(words) > 6 and words[0].isdigit() and words[label_column + 1].isdigit():
            del words[label_column]
            if label_column == 4:
                del words[1]
            rows.append(words)
    return rows


def tool_rows(text):
    return rows_of(text, 3)


def plugin_rows(text):
    return rows_of(text, 4)


def totals_of(text):
    """What stands below the rows: the same for both."""
    return text[text.index(b"\n\n") if b"\n\n" in text else 0:].strip()


def at_a_time(function, rows):
    """Calls @function with each of @rows, as many at a time as there are processors; in order."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, rows))
