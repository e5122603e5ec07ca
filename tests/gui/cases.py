# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does with the plugin in Wireshark's window, a function a case."""
import contextlib
import os
import time

import window as w
from window import Failed

SIMILAR = "Synthesize similar flows…"
SIMILAR_TITLE = "Synthesize similar flows"


@contextlib.contextmanager
def wireshark(place, test, *arguments):
    program = w.Wireshark(place, *arguments, shots=place.path("shots"))
    try:
        yield program
    except Exception:
        program.shot("failed-" + test)
        raise
    finally:
        program.end()


def expect(value, wanted, what):
    if value != wanted:
        raise Failed("%s: %r, wanted %r" % (what, value, wanted))


def fill(program, dialog, output=None, flows=None, scope=None):
    if scope is not None:
        w.choose(dialog, scope)
    if flows is not None:
        w.set_number(dialog, "Flows", flows)
    if output is not None:
        w.set_text(dialog, "Output", output)


def test_synthesize(place):
    """Right-click, fill in, wait: the new capture is open and has what was asked for."""
    capture = place.capture()
    output = os.path.join(place.path("captures"), "new.pcapng")
    with wireshark(place, "synthesize", capture) as program:
        program.packets()
        program.choose_in_packet_menu(5, SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        offered = w.text_of(dialog, "Output")
        expect(offered, os.path.join(place.path("captures"), "demo-similar.pcapng"), "offered")
        fill(program, dialog, output, 40)
        program.shot("dialog")
        w.press(w.button(dialog, "Write"))
        program.wait_title("new.pcapng")
        summary = program.dialog("Synthetic flows")
        rows = w.rows_of(summary, "Checks")
        expect(len(rows), 5, "checks in the summary")
        program.shot("summary")
        expect(place.flows(output), 40, "flows written")
        program.packets(place.count(output))
