#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes bn_<set>.tsv, columns of small integers, and bn_numpy.tsv, what numpy says of them: K2 scores of
families by lgamma, and the networks that greedy hill climbing finds. Independent of the library: it
counts with np.unique, scores every family afresh and knows no cache. Debian's python3-numpy is enough.

    bn_numpy.py DIRECTORY

A row of bn_numpy.tsv: set, kind, graph, score. A graph is child<parent,parent;child<… by index, parents
as they were added. Kinds: score (of one family), network (learned), network-N (at most N parents)."""
import os
import sys
from math import lgamma

import numpy as np

LEAST_GAIN = 1e-6


def k2(data, states, child, parents):
    """Formula 12 of Cooper & Herskovits 1992, its logarithm."""
    code = np.zeros(len(data), np.int64)
    for p in sorted(parents):
        code = code * states[p] + data[:, p]
    r, score = states[child], 0.0
    for j in np.unique(code):
        n_ijk = np.bincount(data[code == j, child], minlength=r)
        score += lgamma(r) - lgamma(n_ijk.sum() + r) + sum(lgamma(n + 1) for n in n_ijk)
    return score


def reaches(parents, start, goal):
    """A path start -> … -> goal."""
    return goal == start or any(reaches(parents, start, p) for p in parents[goal])


def moves(parents, given, tiers, most):
    """(child, parent, kind, changed families), in the order in which ties are decided."""
    n = len(parents)
    allowed = lambda p, c: p != c and not given[c] and tiers[p] <= tiers[c]
    room = lambda c: most == 0 or len(parents[c]) < most
    for c in range(n):
        for p in range(n):
            if p in parents[c]:
                without = [q for q in parents[c] if q != p]
                yield {c: without}
                turned = parents[:c] + [without] + parents[c + 1:]
                if allowed(c, p) and room(p) and not reaches(turned, p, c):
                    yield {c: without, p: parents[p] + [c]}
            elif allowed(p, c) and room(c) and not reaches(parents, c, p):
                yield {c: parents[c] + [p]}


def climb(data, states, given, tiers, most=0):
    parents = [[] for _ in states]
    scored = {}

    def score(c, ps):
        key = c, tuple(sorted(ps))
        if key not in scored:
            scored[key] = k2(data, states, c, ps)
        return scored[key]

    while True:
        best, gained = None, 0.0
        for change in moves(parents, given, tiers, most):
            gain = sum(score(c, ps) - score(c, parents[c]) for c, ps in change.items())
            if gain > gained + LEAST_GAIN:
                best, gained = change, gain
        if best is None:
            return parents, sum(score(c, ps) for c, ps in enumerate(parents))
        for c, ps in best.items():
            parents[c] = ps


def mixed(seed, states, rows, sources):
    """Column v is a function of its sources, with noise."""
    r = np.random.RandomState(seed)
    data = np.zeros((rows, len(states)), np.int64)
    for v, s in enumerate(states):
        noise = (r.random_sample(rows) ** 2 * s).astype(np.int64)
        clear = sum((data[:, u] * (3 + u) for u in sources[v]), np.zeros(rows, np.int64)) % s
        data[:, v] = np.where(r.random_sample(rows) < (.75 if sources[v] else 0), clear, noise)
    return data


def ties():
    """Copies, opposites and constants: many moves gain the same."""
    coin = np.random.RandomState(5).randint(0, 2, 120)
    other = np.random.RandomState(6).randint(0, 2, 120)
    return np.stack([coin, other, 1 - coin, coin, np.zeros_like(coin), other ^ coin], 1)


def sets():
    yield 'chain', [3, 2, 4, 3, 5, 2], [0] * 6, [0] * 6, mixed(
        1, [3, 2, 4, 3, 5, 2], 500, [[], [0], [1], [1, 2], [3], [2, 4]])
    states = [7, 10, 2, 8, 10, 12, 7, 10, 2, 8, 2]
    yield 'packets', states, [1] * 6 + [0] * 5, [0] * 11, mixed(
        2, states, 1500, [[], [], [], [0], [], [], [0, 2], [1, 6], [2, 3], [3, 6, 8], [9]])
    states = [4, 3, 5, 2, 6, 3, 2]
    yield 'tiers', states, [0] * 7, [1, 0, 1, 0, 2, 2, 0], mixed(
        3, states, 600, [[], [0], [0, 1], [2], [2, 3], [4], [5]])
    yield 'ties', [2, 2, 2, 2, 1, 2], [0] * 6, [0] * 6, ties()


def graph(families):
    return ';'.join(f'{c}<' + ','.join(map(str, ps)) for c, ps in families)


def main(directory):
    lines = ['set\tkind\tgraph\tscore']
    for name, states, given, tiers, data in sets():
        with open(os.path.join(directory, f'bn_{name}.tsv'), 'w') as file:
            for what, row in ('states', states), ('given', given), ('tiers', tiers):
                file.write(what + '\t' + '\t'.join(map(str, row)) + '\n')
            for row in data:
                file.write('\t' + '\t'.join(map(str, row)) + '\n')
        r, n = np.random.RandomState(7), len(states)
        for i in range(40):
            child = i % n
            parents = [int(p) for p in r.permutation([v for v in range(n) if v != child])[:i % 5]]
            lines.append(f'{name}\tscore\t{graph([(child, parents)])}\t{k2(data, states, child, parents)!r}')
        for most in 0, 1, 2:
            parents, score = climb(data, states, given, tiers, most)
            kind = f'network-{most}' if most else 'network'
            lines.append(f'{name}\t{kind}\t{graph(enumerate(parents))}\t{score!r}')
    with open(os.path.join(directory, 'bn_numpy.tsv'), 'w') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main(sys.argv[1])
