# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does with the plugin in Wireshark's window, a function a case."""
import contextlib
import os
import struct
import time

import window as w
from window import Failed

SIMILAR = "Synthesize similar flows…"
SIMILAR_TITLE = "Synthesize similar flows"
PCAP_MAGIC = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")  # little-endian: us, ns


@contextlib.contextmanager
def wireshark(place, test, *arguments):
    program = w.Wireshark(place, *arguments, shots=place.path("shots"))
    try:
        yield program
    except Exception:
        program.shot("failed-" + test)
        print(program.listing(), flush=True)
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
        expect([len(rows), rows[0][1:]], [6, ["1", "40"]], "the summary")
        program.shot("summary")
        expect(place.flows(output), 40, "flows written")
        program.packets(place.count(output))


def test_cancel(place):
    """Cancel in mid-work: no file, not even a temporary one, and the window goes on."""
    capture = place.capture()
    before = sorted(os.listdir(place.path("captures")))
    with wireshark(place, "cancel", capture) as program:
        program.packets()
        program.choose_in_menu_bar(SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        fill(program, dialog, flows=2000000, scope="The whole capture")
        w.press(w.button(dialog, "Write"))
        bar = w.wait("the bar", lambda: program.part(SIMILAR_TITLE, "progress bar"))
        w.wait("some progress", lambda: bar.get_value_iface().get_current_value() > 0, 30)
        program.shot("progress")
        program.press(SIMILAR_TITLE, "Cancel")
        w.wait("the progress dialog's end", lambda: not program.has_dialog(SIMILAR_TITLE), 30)
        expect(sorted(os.listdir(place.path("captures"))), before, "files after Cancel")
        expect("demo.pcap" in program.title(), True, "the capture is still shown")
        program.choose_in_menu_bar(SIMILAR)
        program.dialog(SIMILAR_TITLE)


def test_refused(place):
    """The capture itself, a folder that is not there, an existing file: said at once."""
    capture = place.capture()
    taken = os.path.join(place.path("captures"), "taken.pcapng")
    with open(taken, "w") as file:
        file.write("mine")
    with wireshark(place, "refused", capture) as program:
        program.packets()
        program.choose_in_packet_menu(3, SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        write = w.button(dialog, "Write")
        for output, word in ((capture, "input"), ("/nowhere/x.pcapng", "nowhere"), ("", "wanted"),
                             ("x.pcapng", "whole path")):
            fill(program, dialog, output)
            w.wait("a refusal of %r" % output, lambda: w.find_text(dialog, word))
            expect(w.has_state(write, w.Atspi.StateType.SENSITIVE), False, "Write with " + output)
        program.shot("refused")
        fill(program, dialog, taken, 5)
        w.wait("a word about the file", lambda: w.find_text(dialog, "exists"))
        w.press(write)
        question = program.dialog("Replace the file?")
        program.shot("replace")
        w.press(w.button(question, "Cancel"))
        w.wait("the question's end", lambda: not program.has_dialog("Replace the file?"))
        expect(open(taken).read(), "mine", "the file after Cancel")
        w.press(write)
        program.press("Replace the file?", "Replace")
        program.wait_title("taken.pcapng")
        expect(place.flows(taken), 5, "flows written")


def test_compliance(place):
    """Statistics: the numbers of tshark's fields; a double-click leads to the flow."""
    capture = place.cases()
    with wireshark(place, "compliance", capture) as program:
        program.packets(place.count(capture))
        program.choose_in_menu_bar("TCP compliance")
        sheet = program.dialog("TCP compliance")
        checks = w.rows_of(sheet, "Checks")
        flows = w.rows_of(sheet, "Flows")
        expect(len(checks), 5, "checks")
        for row in checks:
            expect(int(row[1]) + int(row[2]), len(flows), "flows of " + row[0])
        expect([row[:3] for row in checks], place.totals(capture), "the tool's totals")
        program.shot("compliance")
        w.activate_row(sheet, "Checks", 4)
        late = place.packets_where(capture, 'flowtwin.late_data == "fail"')
        w.wait("the flows with late data alone", lambda: program.displayed() == late)
        bad = next(row for row in flows if row[5] == "fail")
        w.activate_row(sheet, "Flows", flows.index(bad))
        expected = place.packets_where(capture, "flowtwin.flow == " + bad[0])
        w.wait("the flow alone", lambda: program.displayed() == expected)


def flows_of_each_kind(rows):
    """Two flows that pass and, for each check, one that fails it."""
    passing = [row[0] for row in rows if row[2] == "pass"]
    shown = sorted(set(passing), key=int)[:2]
    for check in range(3, 8):
        failing = [row[0] for row in rows if row[check] == "fail" and row[0] not in shown]
        shown += failing[:1]
    return shown


def test_profile(place):
    """-C flowtwin: columns are the whole flow's at the first load, as tshark's second pass is."""
    capture = place.cases()
    place.install_profile()
    names = ["flow", "label", "verdict", "handshake", "early_data", "duplicate_handshake",
             "termination", "late_data"]
    wanted = place.fields(capture, ["flowtwin." + name for name in names])
    with wireshark(place, "profile", "-C", "flowtwin", capture) as program:
        program.packets(place.count(capture))
        for row in range(0, 60, 3):
            expect(program.cells(row, range(5, 5 + len(names))), wanted[row],
                   "columns of packet %d" % (row + 1))
    shown = flows_of_each_kind(wanted)
    with wireshark(place, "profile", "-C", "flowtwin", "-Y",
                   "flowtwin.flow in {%s}" % ", ".join(shown), capture) as program:
        w.wait("the flows", lambda: program.displayed() == sum(
            row[0] in shown for row in wanted))
        program.shot("profile")
    with wireshark(place, "profile", "-C", "flowtwin", "-Y", 'flowtwin.late_data == "fail"',
                   capture) as program:
        expected = place.packets_where(capture, 'flowtwin.late_data == "fail"')
        w.wait("the filter to be judged again", lambda: program.displayed() == expected)


def test_closed_in_mid_work(place):
    """The capture is closed while work goes on, which needs it no longer; then Wireshark itself."""
    capture = place.capture()
    before = sorted(os.listdir(place.path("captures")))
    with wireshark(place, "closed", capture) as program:
        program.packets()
        program.choose_in_menu_bar(SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        fill(program, dialog, os.path.join(place.path("captures"), "never.pcapng"), 2000000,
             scope="The whole capture")
        w.press(w.button(dialog, "Write"))
        bar = w.wait("the bar", lambda: program.part(SIMILAR_TITLE, "progress bar"))
        w.wait("some progress", lambda: bar.get_value_iface().get_current_value() > 0, 30)
        program.choose_in_menu_bar("Close")
        program.wait_title("The Wireshark Network Analyzer")
        program.choose_in_menu_bar("Quit")
        w.wait("Wireshark's end", lambda: program.process.poll() is not None, 30)
        expect(program.process.returncode, 0, "Wireshark's status")
        expect(sorted(os.listdir(place.path("captures"))), before, "files")


def test_learn(place):
    """Learn a model from what is open."""
    model = os.path.join(place.path("captures"), "m.json")
    with wireshark(place, "learn", place.capture()) as program:
        program.packets()
        program.choose_in_menu_bar("Learn model…")
        dialog = program.dialog("Learn model")
        fill(program, dialog, model, scope="The whole capture")
        w.press(w.button(dialog, "Learn"))
        w.wait("the model", lambda: os.path.exists(model))
        program.confirm("Learn model")
        place.run(place.path("flowtwin"), "show", model)


def test_generate(place):
    """Generate from a model; neither it nor the open capture is written over."""
    model = os.path.join(place.path("captures"), "m.json")
    output = os.path.join(place.path("captures"), "by-model.pcap")
    place.run(place.path("flowtwin"), "learn", "-q", "-o", model, place.capture())
    with wireshark(place, "generate", place.capture()) as program:
        program.packets()
        program.choose_in_menu_bar("Generate from model…")
        dialog = program.dialog("Generate from model")
        w.wait("a word about the model", lambda: w.find_text(dialog, "Model: choose"))
        w.set_text(dialog, "Model", model)
        for taken in (place.capture(), model):
            fill(program, dialog, taken)
            w.wait("a refusal of " + taken, lambda: w.find_text(dialog, "input"))
        fill(program, dialog, output, 30)
        w.press(w.button(dialog, "Write"))
        program.wait_title("by-model.pcap")
        expect(place.flows(output), 30, "flows written")


def test_unsaved(place):
    """A capture from a pipe, not saved: its look-alikes open elsewhere, it stays."""
    output = os.path.join(place.path("captures"), "of-unsaved.pcapng")
    pipe = place.pipe()
    place.install_profile()
    wanted = place.fields(place.capture(), ["flowtwin.verdict", "flowtwin.handshake"])
    with wireshark(place, "unsaved", "-C", "flowtwin", "-k", "-i", pipe) as program:
        place.feed(pipe)
        program.packets(22748, 60)
        w.wait("the first rows to be judged again",
               lambda: [program.cells(row, (7, 8)) for row in range(10)] == wanted[:10])
        program.choose_in_packet_menu(5, SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        fill(program, dialog, output, 20)
        w.press(w.button(dialog, "Write"))
        program.dialog("Synthetic flows")
        expect(place.flows(output), 20, "flows written")
        program.packets(22748)
        other = program.other_window("of-unsaved.pcapng")
        expect(other is not None, True, "a window of its own")


def test_displayed(place):
    """Of a merged capture, the flows that a display filter shows."""
    merged = os.path.join(place.path("captures"), "merged.pcapng")
    place.run("mergecap", "-w", merged, place.capture(), place.cases())
    output = os.path.join(place.path("captures"), "some.pcap")
    wanted = len({row[0] for row in place.fields(merged, ["flowtwin.flow"], "-Y", "tcp.port == 53")})
    with wireshark(place, "displayed", "-Y", "tcp.port == 53", merged) as program:
        program.packets()
        program.choose_in_menu_bar("Synthesize from displayed flows…")
        dialog = program.dialog(SIMILAR_TITLE)
        chosen = w.find(dialog, "radio button", begins="Flows shown by the display filter")
        expect(w.has_state(chosen, w.Atspi.StateType.CHECKED), True, "the choice")
        expect(w.number_of(dialog, "Flows"), wanted, "flows offered")
        fill(program, dialog, output)
        w.press(w.button(dialog, "Write"))
        program.wait_title("some.pcap")
        expect(place.flows(output), wanted, "flows written")
        expect({row[0] for row in place.fields(output, ["frame.number"], "-Y",
                                               "tcp.port != 53")}, set(), "other flows")


def test_not_opened(place):
    """flowtwin.open:none leaves this window as it is; a name that ends in .pcap makes a pcap."""
    output = os.path.join(place.path("captures"), "aside.pcap")
    with wireshark(place, "not_opened", "-o", "flowtwin.open:none", place.capture()) as program:
        program.packets()
        program.choose_in_menu_bar(SIMILAR)
        dialog = program.dialog(SIMILAR_TITLE)
        fill(program, dialog, output, 15, scope="Flows like it")
        w.press(w.button(dialog, "Write"))
        program.dialog("Synthetic flows")
        expect(place.flows(output), 15, "flows written")
        with open(output, "rb") as file:
            expect(file.read(4) in PCAP_MAGIC, True, "a pcap")
        expect("demo.pcap" in program.title(), True, "the capture is still shown")


def test_nothing_to_learn(place):
    """No capture, or none with TCP: said in words, with what to do."""
    arp = os.path.join(place.path("captures"), "arp.pcap")
    with open(arp, "wb") as file:
        file.write(struct.pack("<IHHiIIIIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1, 1, 0, 42, 42))
        file.write(b"\xff" * 12 + b"\x08\x06" + bytes(28))
    for arguments, remedy in (((), "Open a capture first"), ((arp,), "Open a capture with TCP")):
        with wireshark(place, "nothing_to_learn", *arguments) as program:
            w.wait("the window", program.window)
            time.sleep(0.5)  # as in test_about
            if arguments:
                program.packets(1)
            program.choose_in_menu_bar(SIMILAR)
            message = program.dialog(SIMILAR_TITLE)
            w.wait("the remedy", lambda: w.find_text(message, remedy))
            program.confirm(SIMILAR_TITLE)


def test_plain(place):
    """Without the Qt module Wireshark's own text dialog does."""
    output = os.path.join(place.path("captures"), "plain.pcapng")
    modules = [os.path.join(folder, name) for folder, _, names in os.walk(place.path("load"))
               for name in names if name == "flowtwin-qt.so"]
    for path in modules:
        os.rename(path, path + ".away")
    try:
        with wireshark(place, "plain", place.capture()) as program:
            program.packets()
            program.choose_in_menu_bar(SIMILAR)
            dialog = program.dialog(SIMILAR_TITLE)
            fields = [thing for thing in w.walk(dialog) if thing.get_role_name() == "text"]
            for field, text in zip(fields, ("label", "25", "7", "anonymous", "", output)):
                field.get_editable_text_iface().set_text_contents(text)
            program.shot("plain")
            w.press(w.button(dialog, "OK"))
            program.wait_title("plain.pcapng")
            expect(place.flows(output), 25, "flows written")
    finally:
        for path in modules:
            os.rename(path + ".away", path)


def test_about(place):
    """Tools, flowtwin, About: the version."""
    with wireshark(place, "about") as program:
        w.wait("the window", program.window)
        time.sleep(0.5)  # the module is loaded 200 ms after the start; nothing shows when
        program.choose_in_menu_bar("About flowtwin")
        dialog = program.dialog("About flowtwin")
        w.wait("the version", lambda: w.find_text(dialog, "flowtwin 0."))
        program.confirm("About flowtwin")


def answers(path):
    """Of each flow of a sheet, what was said."""
    with open(path) as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    place = rows[0].index("answer")
    return [row[place] for row in rows[1:]]


def test_blindtest(place):
    """A blind test played through: by menu, by key, in Tools; closed, opened again, scored."""
    capture, key = place.blindtest(8)
    sheet = capture.replace(".pcapng", ".tsv")
    place.install_profile("flowtwin blind test", "profile-blindtest")
    names = ["flowtwin.blind_flow", "flowtwin.answer"]
    said = {1: "real", 2: "likely real", 3: "likely generated", 4: "generated", 5: "generated",
            6: "real", 7: "likely generated", 8: "real"}
    columns = range(1, 3)  # number and answer, in the profile
    look = ["-C", "flowtwin blind test", "-Y", "frame.comment", capture]  # a row a flow
    with wireshark(place, "blindtest", *look) as program:
        program.packets(place.count(capture))
        for flow in (1, 2, 3, 4):
            program.choose_in_packet_menu(flow - 1, "Blind test: " + said[flow])
            program.key("Escape")  # an entry pressed by accessibility leaves its menu open
            w.wait("the answer for %d" % flow,
                   lambda: program.cells(flow - 1, columns) == [str(flow), said[flow]])
        expect(answers(sheet), [said[flow] for flow in (1, 2, 3, 4)] + [""] * 4, "the sheet")
        program.shot("blindtest")
    with wireshark(place, "blindtest", *look) as program:
        program.packets(place.count(capture))
        expect([program.cells(row, columns)[1] for row in range(8)],
               [said[flow] if flow <= 4 else "" for flow in range(1, 9)], "answers after closing")
        for flow, keys in ((5, "alt+4"), (6, "alt+1"), (7, "alt+3")):
            program.click_row(flow - 1)
            time.sleep(0.3)  # until it is selected, which nothing tells
            program.key(keys)
            w.wait("the answer for %d" % flow,
                   lambda: program.cells(flow - 1, columns)[1] == said[flow])
        program.click_row(7)
        time.sleep(0.3)
        program.choose_in_menu_bar("Blind test: real")
        w.wait("the last answer", lambda: answers(sheet) == [said[n] for n in range(1, 9)])
    score = place.run(place.path("flowtwin"), "blindtest", "score", key, sheet)
    expect("of 8 answers are wrong" in score, True, "the score: " + score)
    last = [row[1] for row in place.fields(capture, names)]
    expect(last[-1], "real", "what tshark shows")


def test_blindtest_keeps_quiet(place):
    """In a blind test no field tells; elsewhere the packet menu offers no answers."""
    capture, _ = place.blindtest(8)
    both, twin = (os.path.join(place.path("captures"), name) for name in ("both.pcapng", "twin.pcapng"))
    place.run("mergecap", "-a", "-w", both, capture, twin)
    expect(place.packets_where(twin, "flowtwin.synthetic") > 0, True, "packets that tell elsewhere")
    expect([place.packets_where(path, "flowtwin.synthetic") for path in (capture, both)], [0, 0],
           "packets that tell")
    with wireshark(place, "quiet", place.capture()) as program:
        program.packets()
        menu = program.packet_menu(3)
        expect(w.find(menu, "menu item", begins="Blind test"), None, "an entry for answers")


def browsed(place):
    """What the browser was given: a fake one writes it down."""
    path = place.path("browsed")
    return open(path).read().split() if os.path.exists(path) else []


def report_in(place):
    """The report that the browser was given, once it was."""
    path = w.wait("the browser", lambda: browsed(place), 120)[-1]
    with open(path, encoding="utf-8") as file:
        return path, file.read()


def test_realism(place):
    """Tools: the open synthetic capture against a real one, in the browser; Cancel leaves nothing."""
    place.fake_browser()
    real = place.capture("real.pcap.gz")
    capture = place.large(400, "twin.pcapng")
    with wireshark(place, "realism", capture) as program:
        program.packets(place.count(capture))
        program.choose_in_menu_bar("Realism report…")
        program.choose_file("Real capture to judge against", capture)
        program.confirm("Realism report")  # the open capture itself is no measure
        program.choose_in_menu_bar("Realism report…")
        program.choose_file("Real capture to judge against", real)
        w.wait("some progress", lambda: program.part("Realism report", "progress bar"), 30)
        program.press("Realism report", "Cancel")
        w.wait("its end", lambda: not program.has_dialog("Realism report"), 30)
        expect([browsed(place), [name for name in os.listdir(place.path("captures"))
                                 if name.endswith(".html")]], [[], []], "what Cancel leaves")
        program.choose_in_menu_bar("Realism report…")
        program.choose_file("Real capture to judge against", real)
        w.wait("some progress", lambda: program.part("Realism report", "progress bar"), 30)
        program.shot("realism-progress")
        path, page = report_in(place)
        expect(os.path.basename(path), "twin-realism.html", "the report's name")
        expect(["<svg" in page, "real.pcap.gz, cut by label" in page], [True, True], "the report")
        w.wait("the verdict", lambda: program.has_dialog("Realism report"))
        program.shot("realism")


def report_on(program, place, scope, name):
    """Synthesizes, and presses the summary's button."""
    program.choose_in_menu_bar(SIMILAR)
    dialog = program.dialog(SIMILAR_TITLE)
    fill(program, dialog, os.path.join(place.path("captures"), name), 300, scope=scope)
    w.press(w.button(dialog, "Write"))
    program.wait_title(name)
    summary = program.dialog("Synthetic flows", 60)
    w.press(w.button(summary, "Report…"))
    return summary


def test_summary_report(place):
    """The summary's button: learned anew on four fifths; of a single flow it says why not."""
    place.fake_browser()
    with wireshark(place, "summary-report", place.capture()) as program:
        program.packets()
        summary = report_on(program, place, "The whole capture", "new.pcapng")
        path, page = report_in(place)
        expect(os.path.basename(path), "new-realism.html", "the report's name")
        expect("Learned anew from 80 %" in page, True, "what was judged is said")
        w.wait("the verdict", lambda: program.has_dialog("Realism report"))
        program.shot("summary-report")
        program.press("Realism report", "OK")
        w.press(w.button(summary, "Close"))
        w.wait("its end", lambda: not program.has_dialog("Synthetic flows"))
        report_on(program, place, "This flow", "one.pcapng")
        w.wait("why not", lambda: program.has_dialog("Realism report"))
        program.shot("summary-no-report")
        expect(len(browsed(place)), 1, "reports on one flow")
