#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes bn_weka.tsv: what Weka 3.6.14 (Debian's package weka) says of the sets that bn_numpy.py made.
Its "LogScore Bayes" is the K2 score, and its HillClimber with -S BAYES -R -N starts from the empty graph and
adds, removes and reverses; it knows neither given variables nor tiers, so it learns only sets without them.

    bn_weka.py DIRECTORY

Columns as in bn_numpy.tsv; score: of a graph that Weka was given (as XML BIF), network: that Weka learned."""
import os
import random
import re
import subprocess
import sys
import tempfile

WEKA = ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', '/usr/share/java/weka.jar',
        'weka.classifiers.bayes.BayesNet', '-no-cv', '-D']
# Per set: the most parents (-P) of the networks that Weka learns.
SETS = {'chain': [1, 9], 'packets': [], 'tiers': [], 'ties': []}


def read_set(directory, name):
    lines = [line.rstrip('\n').split('\t') for line in open(os.path.join(directory, f'bn_{name}.tsv'))]
    return [int(s) for s in lines[0][1:]], [line[1:] for line in lines[3:]]


def write_arff(path, states, rows):
    with open(path, 'w') as file:
        file.write('@relation set\n')
        for v, n in enumerate(states):
            file.write(f'@attribute v{v} {{' + ','.join(map(str, range(n))) + '}\n')
        file.write('@data\n' + '\n'.join(map(','.join, rows)) + '\n')


def write_bif(path, states, parents):
    with open(path, 'w') as file:
        file.write('<?xml version="1.0"?>\n<BIF VERSION="0.3">\n<NETWORK>\n<NAME>set</NAME>\n')
        for v, n in enumerate(states):
            outcomes = ''.join(f'<OUTCOME>{k}</OUTCOME>' for k in range(n))
            file.write(f'<VARIABLE TYPE="nature"><NAME>v{v}</NAME>{outcomes}</VARIABLE>\n')
        for v, ps in enumerate(parents):
            cells = states[v]
            for p in ps:
                cells *= states[p]
            given = ''.join(f'<GIVEN>v{p}</GIVEN>' for p in ps)
            table = ' '.join([str(1 / states[v])] * cells)
            file.write(f'<DEFINITION><FOR>v{v}</FOR>{given}<TABLE>{table}</TABLE></DEFINITION>\n')
        file.write('</NETWORK>\n</BIF>\n')


def run(arff, search):
    text = subprocess.run([*WEKA, '-t', arff, '-c', 'last', '-Q', *search, '-E',
                           'weka.classifiers.bayes.net.estimate.SimpleEstimator', '--', '-A', '1'],
                          check=True, capture_output=True, text=True).stdout
    nodes = re.findall(r'^v(\d+)\(\d+\): ?(.*)$', text, re.M)
    parents = [[int(p[1:]) for p in ps.split()] for _, ps in nodes]
    return parents, re.search(r'^LogScore Bayes: (\S+)$', text, re.M).group(1)


def line(name, kind, parents, score):
    graph = ';'.join(f'{v}<' + ','.join(map(str, sorted(ps))) for v, ps in enumerate(parents))
    return f'{name}\t{kind}\t{graph}\t{score}\n'


def main(directory):
    random.seed(1)
    with tempfile.TemporaryDirectory() as work, open(os.path.join(directory, 'bn_weka.tsv'), 'w') as out:
        arff, bif = os.path.join(work, 'set.arff'), os.path.join(work, 'net.xml')
        out.write('set\tkind\tgraph\tscore\n')
        for name, learned in SETS.items():
            states, rows = read_set(directory, name)
            write_arff(arff, states, rows)
            for most in 1, 3:
                order = random.sample(range(len(states)), len(states))
                parents = [[] for _ in states]
                for at, v in enumerate(order):
                    parents[v] = random.sample(order[:at], min(at, most))
                write_bif(bif, states, parents)
                seen, score = run(arff, ['weka.classifiers.bayes.net.search.fixed.FromFile', '--', '-B', bif])
                assert [sorted(ps) for ps in seen] == [sorted(ps) for ps in parents]
                out.write(line(name, 'score', parents, score))
            for most in learned:
                found, score = run(arff, ['weka.classifiers.bayes.net.search.local.HillClimber', '--', '-P',
                                          str(most), '-R', '-N', '-S', 'BAYES'])
                out.write(line(name, f'network-{most}', found, score))


if __name__ == '__main__':
    main(sys.argv[1])
