#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes eval_rows.tsv and eval_counts.tsv, data of no meaning, and eval_sklearn.tsv, what scikit-learn and
scipy say of them: macro-F1, AUC and importances of random forests, AUC and F1 of given scores, Jensen-Shannon
divergences of given histograms. Debian's python3-sklearn and python3-scipy are enough.

    eval_sklearn.py DIRECTORY

eval_rows.tsv: class, then features that look like flows' (heavy tails, whole numbers, ties, a constant).
eval_counts.tsv: a histogram a row, pairs of them one after the other.
eval_sklearn.tsv: what, value."""
import os
import sys

import numpy as np
from scipy.spatial.distance import jensenshannon
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score, roc_auc_score

ROWS, TRAIN, CLASSES, FOLDS, SEEDS = 1000, 700, 5, 5, 10


def make_rows(random):
    """Classes overlap; some features tell them apart, some two of them only, some nothing."""
    y = random.integers(0, CLASSES, ROWS)
    noise = random.normal(size=(ROWS, 4))
    x = np.column_stack([
        np.round(np.exp(3 + 0.5 * y + noise[:, 0])),                 # bytes
        random.poisson(2 + 1.5 * (y % 3)),                           # packets
        np.exp(-4 + 0.6 * (y == 2) + 0.5 * (y == 1) + noise[:, 1]),  # seconds
        np.where(random.random(ROWS) < 0.15 * y, 1448, 0),           # largest
        np.full(ROWS, 7),
        random.integers(0, 2, ROWS),
        noise[:, 2],
        np.round(50 * (noise[:, 3] + 0.4 * (y == 4)))])
    return np.round(x, 6), y


def forest_auc(x, y, least_leaf):
    """Mean over folds of the AUC: fold k tests rows k, k + 5, …"""
    values = []
    for seed in range(SEEDS):
        for fold in range(FOLDS):
            test = np.arange(len(y)) % FOLDS == fold
            model = RandomForestClassifier(100, min_samples_leaf=least_leaf, random_state=seed)
            model.fit(x[~test], y[~test])
            values.append(roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]))
    return np.mean(values)


def forest_f1(x, y):
    values = []
    for seed in range(SEEDS):
        model = RandomForestClassifier(100, random_state=seed).fit(x[:TRAIN], y[:TRAIN])
        values.append(f1_score(y[TRAIN:], model.predict(x[TRAIN:]), average='macro'))
    return np.mean(values)


def forest_importances(x, y):
    return np.mean([RandomForestClassifier(100, random_state=seed).fit(x[:TRAIN], y[:TRAIN]).feature_importances_
                    for seed in range(SEEDS)], 0)


def make_counts(random):
    """Pairs of histograms: alike, with holes, of different size, with nothing in common, one state."""
    for n_states in (1, 2, 7, 40, 300):
        a = random.integers(0, 1000, n_states) + 1
        b = np.where(random.random(n_states) < 0.3, 0, random.integers(0, 50, n_states)) + (np.arange(n_states) == 0)
        yield a, b
        yield a, 3 * a
    yield np.array([5, 0, 0, 2]), np.array([0, 9, 1, 0])


def write(path, lines):
    with open(path, 'w', encoding='ascii') as f:
        f.writelines('\t'.join(map(str, line)) + '\n' for line in lines)


def main(directory):
    random = np.random.default_rng(8)
    x, y = make_rows(random)
    counts = list(make_counts(random))
    pair = y < 2
    weak = np.isin(y, (0, 3))
    scores = np.round(random.random(200) + 0.2 * (y[:200] == 1), 1)  # many ties
    decided = np.where(random.random(200) < 0.6, y[:200], random.integers(0, CLASSES, 200))
    write(os.path.join(directory, 'eval_rows.tsv'),
          ([c, *map(repr, map(float, row)), *([float(scores[i]), decided[i]] if i < 200 else [])]
           for i, (c, row) in enumerate(zip(y, x))))
    write(os.path.join(directory, 'eval_counts.tsv'), (row for p in counts for row in p))
    out = [('forest_macro_f1', forest_f1(x, y)),
           ('forest_auc_0_1', forest_auc(x[pair], y[pair], 2)),
           ('forest_auc_0_3', forest_auc(x[weak], (y[weak] == 3).astype(int), 2)),
           ('scores_auc', roc_auc_score(y[:200] == 1, scores))]
    out += [('forest_importance_%d' % c, v) for c, v in enumerate(forest_importances(x, y))]
    out += [('scores_f1_%d' % c, v) for c, v in enumerate(f1_score(y[:200], decided, average=None))]
    out += [('divergence_%d' % i, jensenshannon(a, b, 2) ** 2) for i, (a, b) in enumerate(counts)]
    write(os.path.join(directory, 'eval_sklearn.tsv'), ((name, repr(float(v))) for name, v in out))


main(sys.argv[1])
