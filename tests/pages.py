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


def parts_of(shown):
    """The runs of lines between the ellipses: what begins the output, stands in it, ends it."""
    parts = [[]]
    for line in shown:
        if line.strip() == ELLIPSIS:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def is_alike(shown, printed):
    first, *middle = parts_of(squeeze(shown))
    printed = squeeze(printed)
    if not middle:
        return first == printed
    if printed[:len(first)] != first:
        return False
    at = len(first)
    for part in middle[:-1]:
        places = (i for i in range(at, len(printed)) if printed[i:i + len(part)] == part)
        place = next(places, None)
        if place is None:
            return False
        at = place + len(part)
    last = middle[-1]
    return len(printed) - len(last) >= at and printed[len(printed) - len(last):] == last


def renewed(shown, printed):
    """What is printed today, cut where @shown is cut: a part within it is known by its first word."""
    first, *middle = parts_of(shown)
    if not middle:
        return [line.rstrip() for line in printed]
    lines = printed[:len(first)] + [ELLIPSIS]
    at = len(first)
    for part in middle[:-1]:
        begins = (i for i in range(at, len(printed))
                  if printed[i].split()[:1] == part[0].split()[:1])
        at = next(begins, at)
        lines += printed[at:at + len(part)] + [ELLIPSIS]
        at += len(part)
    lines += printed[len(printed) - len(middle[-1]):] if middle[-1] else []
    return [line.rstrip() for line in lines]
