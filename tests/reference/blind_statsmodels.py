#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Agreement and intervals by scikit-learn and statsmodels, to test eval/blind_agree.c by.

Usage: blind_statsmodels.py FOLDER. Writes blind_grades.tsv (a flow a row: what five annotators said,
0 to 3) and blind_statsmodels.tsv (name, value). Needs python3-sklearn and python3-statsmodels.
"""
import os
import sys

from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa
from statsmodels.stats.proportion import proportion_confint

N_FLOWS, N_ANNOTATORS, N_GRADES = 120, 5, 4
SHARES = [(0, 10), (1, 10), (3, 7), (50, 100), (100, 100), (317, 600), (1, 100000)]


def lcg(state=12345):
    """Numbers that no release of a library changes."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def grades():
    """Each flow has a grade of its own; annotators differ in how often they see it."""
    numbers = lcg()
    rows = []
    for _ in range(N_FLOWS):
        own = next(numbers) % N_GRADES
        rows.append([own if next(numbers) % 10 < 3 + a else next(numbers) % N_GRADES
                     for a in range(N_ANNOTATORS)])
    return rows


def kappas(rows, name):
    for a in range(N_ANNOTATORS):
        for b in range(a + 1, N_ANNOTATORS):
            yield ("cohen_%s_%d_%d" % (name, a, b),
                   cohen_kappa_score([row[a] for row in rows], [row[b] for row in rows]))
    for n in range(2, N_ANNOTATORS + 1):
        table, _ = aggregate_raters([row[:n] for row in rows])
        yield "fleiss_%s_%d" % (name, n), fleiss_kappa(table, method="fleiss")


def main(folder):
    rows = grades()
    values = list(kappas(rows, "grades"))
    values += kappas([[int(grade >= 2) for grade in row] for row in rows], "sides")
    for part, whole in SHARES:
        low, high = proportion_confint(part, whole, method="wilson")
        values += [("wilson_low_%d_%d" % (part, whole), low),
                   ("wilson_high_%d_%d" % (part, whole), high)]
    with open(os.path.join(folder, "blind_grades.tsv"), "w", encoding="ascii") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in rows)
    with open(os.path.join(folder, "blind_statsmodels.tsv"), "w", encoding="ascii") as file:
        file.writelines("%s\t%.15g\n" % row for row in values)


main(sys.argv[1])
