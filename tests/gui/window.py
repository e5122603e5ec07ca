# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's real window under Xvfb, used as a person who sees nothing would: by accessibility
(AT-SPI), by names and roles. The mouse is moved only to what says where it is.
"""
import os
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

MANY_CHILDREN = ("tree", "table", "tree table")  # a child a cell: never walked
BUTTONS = ("push button", "button")  # the first up to Debian 12


class Failed(Exception):
    pass


def pump():
    while GLib.MainContext.default().iteration(False):
        pass


def wait(what, function, seconds=20):
    """The first true value of @function; it may fail while the window changes."""
    end = time.time() + seconds
    while time.time() < end:
        pump()
        try:
            value = function()
        except GLib.GError:
            value = None
        if value:
            return value
        time.sleep(0.03)
    raise Failed("waited %d s in vain for %s" % (seconds, what))


def name_of(thing):
    try:
        thing.clear_cache()
        return thing.get_name() or ""
    except GLib.GError:
        return ""


def walk(thing, depth=12):
    """All that is visible below, but cells of tables."""
    try:
        count = thing.get_child_count()
        role = thing.get_role_name()
    except GLib.GError:
        return
    if depth == 0 or role in MANY_CHILDREN:
        return
    for i in range(count):
        try:
            child = thing.get_child_at_index(i)
        except GLib.GError:
            continue
        if child is not None:
            yield child
            yield from walk(child, depth - 1)


def find(top, roles, name=None, begins=None):
    roles = (roles,) if isinstance(roles, str) else roles
    for thing in walk(top):
        try:
            if thing.get_role_name() not in roles:
                continue
        except GLib.GError:
            continue
        own = name_of(thing)
        if (name is None or own == name) and (begins is None or own.startswith(begins)):
            return thing
    return None


def press(thing):
    """Does what a click does."""
    for i in range(thing.get_n_actions()):
        if thing.get_action_name(i).lower() in ("press", "toggle", "click"):
            thing.do_action(i)
            pump()
            return
    raise Failed("%s cannot be pressed" % thing.get_name())


def has_state(thing, state):
    thing.clear_cache()
    return thing.get_state_set().contains(state)


def windows_titled(title):
    """Those that the screen shows."""
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--name", title],
                          stdout=subprocess.PIPE, check=False).stdout.split()


class Wireshark:
    """One run of the program; what it shows."""

    def __init__(self, host, *arguments, shots):
        self.host = host
        self.shots = shots
        self.popups = []
        self.listener = Atspi.EventListener.new(self._shown)
        self.listener.register("object:state-changed:showing")
        environment = dict(os.environ, **host.environment)
        environment["QT_LINUX_ACCESSIBILITY_ALWAYS_ON"] = "1"
        environment["NO_AT_BRIDGE"] = "0"
        environment.pop("LD_PRELOAD", None)
        self.output = open(host.path("wireshark.log"), "w")
        self.process = subprocess.Popen(
            ["wireshark", *arguments], env=environment, cwd=host.top,
            stdout=self.output, stderr=subprocess.STDOUT)
        self.app = wait("Wireshark on the desktop", self._find_app, 60)

    def _shown(self, event):
        try:
            if event.detail1 and event.source.get_role_name() == "popup menu":
                self.popups.append(event.source)
        except GLib.GError:
            pass  # gone already

    def _find_app(self):
        if self.process.poll() is not None:
            raise Failed("Wireshark ended with %d: %s" % (
                self.process.returncode, open(self.host.path("wireshark.log")).read()[-2000:]))
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app is not None and app.get_process_id() == self.process.pid:
                return app
        return None

    def children(self, role):
        """Its windows of a role. One that was closed may still be listed, and answers no more."""
        self.app.clear_cache()
        for i in range(self.app.get_child_count()):
            try:
                child = self.app.get_child_at_index(i)
                is_wanted = child is not None and child.get_role_name() == role
            except GLib.GError:
                continue
            if is_wanted:
                yield child

    def window(self):
        return next(self.children("frame"), None)

    def title(self):
        window = self.window()
        return name_of(window) if window else ""

    def listing(self):
        """What is open, for a test that failed."""
        self.app.clear_cache()
        lines = []
        for i in range(self.app.get_child_count()):
            try:
                child = self.app.get_child_at_index(i)
                lines.append("%s %r: %s" % (child.get_role_name(), name_of(child), ", ".join(
                    "%s %r" % (part.get_role_name(), name_of(part)) for part in walk(child, 2))))
            except (GLib.GError, AttributeError) as error:
                lines.append(str(error))
        return "\n".join(line[:300] for line in lines)

    def wait_title(self, part, seconds=30):
        wait("a window titled %s" % part, lambda: part in self.title(), seconds)

    def dialog(self, title, seconds=20):
        """A dialog by its title, without Wireshark's own part of it."""
        def look():
            for role in ("dialog", "alert", "frame", "window"):
                for child in self.children(role):
                    if name_of(child).endswith(title):
                        return child
            return None
        return wait("a dialog titled %s" % title, look, seconds)

    def press(self, title, name, seconds=20):
        """A button of a dialog; one that is going, of the same title, is passed over."""
        def look():
            for role in ("dialog", "alert"):
                for child in self.children(role):
                    found = name_of(child).endswith(title) and find(child, BUTTONS, name=name)
                    if found:
                        return found
            return None
        press(wait("%s in %s" % (name, title), look, seconds))

    def confirm(self, title):
        """Enter, in a message. Under load the list of children may lack it, or its only button: the
        screen's own list of windows has it."""
        began = time.time()
        wait("a message titled " + title, lambda: self._has_alert(title) or (
            time.time() > began + 5 and windows_titled(title)))
        subprocess.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", title,
                        "windowactivate", "--sync"], check=False)
        subprocess.run(["xdotool", "key", "Return"], check=True)  # to what has the focus
        wait("its end", lambda: not self._has_alert(title) and not windows_titled(title))

    def _has_alert(self, title):
        return any(name_of(child).endswith(title) for child in self.children("alert"))

    def part(self, title, role):
        """The first part of that role in any dialog of that title."""
        return next((found for child in self.children("dialog") if name_of(child).endswith(title)
                     for found in [find(child, role)] if found), None)

    def has_dialog(self, title):
        return any(name_of(child).endswith(title) for role in ("dialog", "alert")
                   for child in self.children(role))

    def packets(self, count=None, seconds=30):
        """Waits for the status bar to count @count packets, or any."""
        def look():
            label = find(self.window(), "label", begins="Packets:")
            if label is None:
                return None
            shown = int("".join(filter(str.isdigit, name_of(label).split("·")[0])) or 0)
            return shown if shown > 0 and count in (None, shown) else None
        return wait("%s packets" % (count or "some"), look, seconds)

    def displayed(self):
        """Packets that the display filter passes; all, where none is set."""
        label = find(self.window(), "label", begins="Packets:")
        parts = name_of(label).split("·") if label else []
        counts = ["".join(filter(str.isdigit, part.split("(")[0])) for part in parts
                  if part.strip().startswith(("Packets", "Displayed"))]
        return int(counts[-1]) if counts and counts[-1] else None

    def open(self, path):
        """By the file dialog."""
        self.choose_in_menu_bar("Open…") if find(self.window(), "menu item", name="Open…") else \
            self.choose_in_menu_bar("Open")
        dialog = wait("the file dialog", lambda: next(
            (d for d in self.children("dialog") if "Open Capture File" in name_of(d)), None))
        field = wait("its line", lambda: find(dialog, "text"))
        field.get_editable_text_iface().set_text_contents(path)
        pump()
        press(wait("its button", lambda: find(dialog, BUTTONS, name="Open")))

    def choose_file(self, title, path):
        """In a file dialog of ours."""
        dialog = self.dialog(title)
        field = wait("its line", lambda: find(dialog, "text"))
        field.get_editable_text_iface().set_text_contents(path)
        pump()
        press(wait("its button", lambda: find(dialog, BUTTONS, name="Open")))

    def other_window(self, title):
        """Another Wireshark that shows @title; it is ended."""
        def look():
            desktop = Atspi.get_desktop(0)
            desktop.clear_cache()
            for i in range(desktop.get_child_count()):
                app = desktop.get_child_at_index(i)
                if app is None or app.get_process_id() == self.process.pid:
                    continue
                for k in range(app.get_child_count()):
                    if title in name_of(app.get_child_at_index(k)):
                        return app.get_process_id()
            return None
        pid = wait("a window titled " + title, look, 30)
        os.kill(pid, 15)
        return pid

    def packet_list(self):
        return wait("the packet list",
                    lambda: find(self.window(), MANY_CHILDREN, name="Packet list"))

    def cells(self, row, columns):
        table = self.packet_list().get_table_iface()
        return [name_of(table.get_accessible_at(row, column)) for column in columns]

    def place_of_row(self, row):
        cell = self.packet_list().get_table_iface().get_accessible_at(row, 0)
        place = cell.get_extents(Atspi.CoordType.SCREEN)
        return place.x + min(place.width // 2, 20), place.y + place.height // 2

    def click_row(self, row, button=1):
        x, y = self.place_of_row(row)
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", str(button)], check=True)

    def key(self, keys):
        subprocess.run(["xdotool", "key", "--clearmodifiers", keys], check=True)
        pump()

    def packet_menu(self, row):
        for _ in range(4):
            pump()
            self.popups.clear()
            self.click_row(row, 3)
            end = time.time() + 3
            while time.time() < end:
                pump()
                if self.popups:
                    return self.popups[-1]
                time.sleep(0.02)
            subprocess.run(["xdotool", "key", "Escape"], check=True)
        raise Failed("no packet menu")

    def choose_in_packet_menu(self, row, entry):
        menu = self.packet_menu(row)
        press(wait("%s in the menu" % entry, lambda: find(menu, "menu item", name=entry), 5))

    def choose_in_menu_bar(self, entry):
        """Every entry is there before its menu is opened; the last of that name is pressed."""
        press(wait("%s in the menus" % entry,
                   lambda: find(self.window(), "menu item", name=entry), 10))

    def shot(self, name):
        """A screenshot, of the whole screen but the pointer and what it lights up."""
        subprocess.run(["xdotool", "mousemove", "1279", "1"], check=True)
        pump()
        time.sleep(0.4)  # what is shown has been drawn: a picture, not a condition of the test
        subprocess.run(["import", "-window", "root", os.path.join(self.shots, name + ".png")],
                       check=False)

    def end(self):
        """Ends it without asking, and waits until the desktop knows."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        pid = self.process.pid
        try:
            self.listener.deregister("object:state-changed:showing")
        except GLib.GError:
            pass  # it asks the program too, which is gone
        desktop = Atspi.get_desktop(0)

        def is_gone():
            desktop.clear_cache()
            for i in range(desktop.get_child_count()):
                app = desktop.get_child_at_index(i)
                if app is not None and app.get_process_id() == pid:
                    return False
            return True
        try:
            wait("Wireshark's end", is_gone, 10)
        except (Failed, GLib.GError):
            pass


# ---- parts of dialogs ----

def find_text(dialog, part):
    """A label that has @part in it."""
    for thing in walk(dialog):
        if thing.get_role_name() == "label" and part in name_of(thing):
            return thing
    return None


def activate_row(dialog, name, row):
    """A double-click where the row says it is; rows below the fold are brought up first."""
    table = wait("the table", lambda: find(dialog, MANY_CHILDREN, name=name))
    cell = table.get_table_iface().get_accessible_at(row, 0)
    for _ in range(3):
        subprocess.run(["xdotool", "mousemove", "--sync", "1", "1"], check=True)
        select_row(table, row)
        place = cell.get_extents(Atspi.CoordType.SCREEN)
        area = table.get_extents(Atspi.CoordType.SCREEN)
        if area.y < place.y < area.y + area.height - place.height:
            break
    x, y = place.x + min(place.width // 2, 20), place.y + place.height // 2
    subprocess.run(["xdotool", "mousemove", "--sync", str(x), str(y), "click", "--repeat", "2",
                    "--delay", "60", "1"], check=True)
    pump()


def select_row(table, row):
    """Selecting scrolls to it."""
    try:
        table.get_table_iface().add_row_selection(row)
    except GLib.GError:
        pass
    pump()
    time.sleep(0.2)


def set_text(dialog, name, text):
    field = wait("the field %s" % name, lambda: find(dialog, "text", name=name), 5)
    field.get_editable_text_iface().set_text_contents(text)
    pump()


def text_of(dialog, name):
    field = wait("the field %s" % name, lambda: find(dialog, "text", name=name), 5)
    return Atspi.Text.get_text(field, 0, -1)


def set_number(dialog, name, value):
    field = wait("the number %s" % name, lambda: find(dialog, "spin button", name=name), 5)
    field.get_value_iface().set_current_value(value)
    pump()


def number_of(dialog, name):
    field = find(dialog, "spin button", name=name)
    return int(field.get_value_iface().get_current_value())


def choose(dialog, begins):
    """A radio button."""
    press(wait("the choice %s" % begins,
               lambda: find(dialog, "radio button", begins=begins), 5))


def button(dialog, name):
    return wait("the button %s" % name, lambda: find(dialog, BUTTONS, name=name), 5)


def rows_of(dialog, name):
    """The cells of a table as texts."""
    def look():
        table = find(dialog, MANY_CHILDREN, name=name)
        return table.get_table_iface() if table else None
    table = wait("the table %s" % name, look, 10)
    return [[table.get_accessible_at(row, column).get_name()
             for column in range(table.get_n_columns())] for row in range(table.get_n_rows())]
