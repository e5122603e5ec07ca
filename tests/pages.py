# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of pages share: fenced blocks marked "console", with commands behind "$ " and below
each what it prints; a line "..." stands for any number of lines.
"""

ELLIPSIS = "..."


def blocks_of(lines):
    """(language, index of the first line, index behind the last) of each fenced block."""
    begin = None
    for index, line in enumerate(lines):
        if line.startswith("```"):
            if begin is None:
                begin = (line[3:].strip(), index + 1)
            else:
                yield begin[0], begin[1], index
                begin = None


def commands_of(lines, begin, end):
    """(command, index of its first output line, index behind the last) of a console block."""
    starts = [i for i in range(begin, end) if lines[i].startswith("$ ")] + [end]
    for start, behind in zip(starts, starts[1:]):
        yield lines[start][2:], start + 1, behind


def squeeze(lines):
    return [" ".join(line.split()) for line in lines]


def is_alike(shown, printed):
    shown, printed = squeeze(shown), squeeze(printed)
    if ELLIPSIS not in shown:
        return shown == printed
    cut = shown.index(ELLIPSIS)
    head, tail = shown[:cut], shown[cut + 1:]
    return (len(head) + len(tail) <= len(printed) and printed[:cut] == head
            and printed[len(printed) - len(tail):] == tail)


def renewed(shown, printed):
    """What is printed today, cut where @shown is cut."""
    if ELLIPSIS not in shown:
        return [line.rstrip() for line in printed]
    cut = shown.index(ELLIPSIS)
    n_tail = len(shown) - cut - 1
    return [line.rstrip() for line in
            printed[:cut] + [ELLIPSIS] + (printed[-n_tail:] if n_tail > 0 else [])]
