# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs in the window; printed, and no test. Run by name: gui BUILD SHOTS
measure_start."""
import os
import re
import statistics
import time

import window as w
from cases import SIMILAR, SIMILAR_TITLE, fill, wireshark


def without_plugin(place):
    """The same place, with no plugin in it."""
    os.makedirs(place.path("none"), exist_ok=True)
    place.environment["WIRESHARK_PLUGIN_DIR"] = place.path("none")


def with_plugin(place):
    place.environment["WIRESHARK_PLUGIN_DIR"] = place.path("load")


def in_turns(place, n_times, measure):
    """Medians without and with the plugin, in turns."""
    seconds = {without_plugin: [], with_plugin: []}
    for _ in range(n_times):
        for choose in seconds:
            choose(place)
            seconds[choose].append(measure())
    with_plugin(place)
    return [statistics.median(values) for values in seconds.values()]


def measure_start(place):
    """From the start to the window: at most 50 ms more."""
    def start():
        began = time.time()
        with wireshark(place, "start") as program:
            w.wait("the window", program.window)
            return time.time() - began
    start()  # what is read from the disk is in memory then
    bare, ours = in_turns(place, 10, start)
    print("start: %.0f ms without, %.0f ms with the plugin, %+.0f ms" % (
        1000 * bare, 1000 * ours, 1000 * (ours - bare)))


def measure_load(place):
    """A capture of a million packets: at most 15 % more."""
    capture = place.large(60000)
    count = place.count(capture)

    def load():
        began = time.time()
        with wireshark(place, "load", capture) as program:
            program.packets(count, 200)
            return time.time() - began
    bare, ours = in_turns(place, 3, load)
    print("load of %d packets: %.1f s without, %.1f s with the plugin, %+.0f %%" % (
        count, bare, ours, 100 * (ours / bare - 1)))


def measure_work(place):
    """500 look-alikes of a capture of 100,000 packets; how long the window did not answer."""
    capture = place.large(6000)
    output = os.path.join(place.path("captures"), "new.pcapng")
    with wireshark(place, "work", capture) as program:
        program.packets(place.count(capture), 100)
        program.choose_in_menu_bar(SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        fill(program, dialog, output, 500, scope="The whole capture")
        w.press(w.button(dialog, "Write"))
        longest = 0
        frame = program.window()
        while not os.path.exists(output):
            began = time.time()
            w.name_of(frame)
            longest = max(longest, time.time() - began)
            time.sleep(0.002)
        text = w.wait("the summary", lambda: w.find_text(
            program.dialog("Synthetic flows"), "Done in"), 60)
        done = re.search(r"Done in ([0-9.]+) s", w.name_of(text)).group(1)
        print("500 look-alikes of %d packets: %s s, the window answered within %.0f ms" % (
            place.count(capture), done, 1000 * longest))
