#!/usr/bin/env python3
"""Fits ../src/matching/weights.txt, the last step of matching: from facts about the best candidate to the confidence that
it is the error of the message. Needs scikit-learn 1.5 or later (pip install scikit-learn).

Usage: fit.py [--write] [--quick] BINARY NAME=FOLDER:CASES[,CASES…] […] [--talk FILE.jsonl …]

A set whose NAME begins with + is asked only of its own runbooks: for messages that other sets document as well. FOLDER
holds collections of runbooks, a folder each; CASES are labelled messages as `signpost eval` reads them. Every
message is put to every collection by itself and to every FOLDER as a whole; where its runbook is not among them, silence
is right, which gives many negatives. So it is to SMALL parts of each FOLDER, a dozen documents of one collection each:
in a library of few words, each word weighs more. --talk adds messages that no runbook treats. --quick leaves the table out.

The model is a sum of one step function for each feature. The direction of each is fixed beforehand (PLUS and MINUS), so
that no fact in favour of an answer ever counts against it. Candidates with a code or an alert name have a model of their
own. Printed is a table with one collection left out at a time: what the weights do to runbooks that they never saw. The
rules of form (commands, settings, talk) come on top and are not in the table.
"""
import collections, json, os, random, shutil, subprocess, sys, tempfile
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

PLUS = set('fit bits strongest specific specific_all symptom complete found both signature_words novel novel_share explained known '
           'last_part_reached rarest page_named page_bits section_named section_bits words_in_common ahead '
           'ahead_of_others name name_rare name_error name_told'.split())
MINUS = set('signature_table signature_marks unmatched unknown unknown_name after other_errors talk news page_length '
            'next_share'.split())
# The logit at which a candidate is answered: where the number of answers lost and of false answers avoided, with one
# collection left out, seemed right to us.
LIMIT = {'named': -1.5, 'other': -1.0}
# A candidate with less evidence, as ln(1 + bits), is silent anyway.
LEAST_BITS = 1.8
# A name counts from this strength: features.rs, NAMED.
NAMED = 0.3
# Small libraries of each folder, their documents, and the messages of talk that are put to them.
SMALL, DOCUMENTS, SOME_TALK = 24, 12, 2000
# Weights of rows: a wrong answer to a message of the team's own is worse than one to a message of strangers, which may
# be documented in both collections.
OWN, STRANGE, TALK = 2.0, 0.6, 0.3


def lines(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def expected(case):
    expect = case.get('expect')
    return [expect] if isinstance(expect, str) else expect or []


def ask(binary, folder, cases):
    """The best candidate of each case in a folder of runbooks."""
    with tempfile.TemporaryDirectory() as scratch:
        given, details = os.path.join(scratch, 'cases.jsonl'), os.path.join(scratch, 'details.jsonl')
        with open(given, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(dict(case, expect=None, expect_anchor=None)) + '\n' for case in cases)
        subprocess.run([binary, 'eval', '--runbooks', folder, '--cases', given, '--json', '--details', details],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [line['best'] for line in lines(details)]


def small(folder, cases, seed):
    """The paths of a dozen documents of one collection, half of them documents that cases expect."""
    chosen = random.Random(seed)
    expect = sorted({path for case in cases for path in expected(case)})
    part = chosen.choice(expect).split('/')[0]
    expect = [path for path in expect if path.split('/')[0] == part]
    every = sorted(os.path.relpath(os.path.join(at, name), folder)
                   for at, _, names in os.walk(os.path.join(folder, part)) for name in names)
    paths = chosen.sample(expect, min(len(expect), DOCUMENTS // 2))
    return paths + chosen.sample([path for path in every if path not in paths], min(len(every) - len(paths), DOCUMENTS - len(paths)))


def ask_small(binary, folder, paths, cases):
    """The best candidate of each case in a library of some documents of a folder."""
    with tempfile.TemporaryDirectory() as library:
        for path in paths:
            os.makedirs(os.path.join(library, os.path.dirname(path)), exist_ok=True)
            shutil.copy(os.path.join(folder, path), os.path.join(library, path))
        return ask(binary, library, cases)


def collect(binary, sets, talk):
    """A row for each pair of a message and a library that has a candidate for it."""
    cases = [dict(case, set=name, id=f"{name}/{case['id']}") for name, (_, own) in sets.items() for case in own]
    cases += [dict(case, set='talk') for case in talk]
    rows, counted = [], collections.Counter()
    for name, (folder, _) in sets.items():
        below = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] not in '._')
        for part in [None, *below]:
            if name.startswith('+'):
                asked = [case for case in cases if case['set'] == name]
            else:
                asked = [case for case in cases if not case['set'].startswith('+') and (part is None or case['set'] != 'talk')]
            for case, best in zip(asked, ask(binary, os.path.join(folder, part or ''), asked)):
                held = [path for path in expected(case) if case['set'] == name and (part is None or path.startswith(part + '/'))]
                kind = 'talk' if case['set'] == 'talk' else 'right' if held else 'own' if case['set'] == name else 'strange'
                if part is None:
                    counted[name, kind] += 1
                if not best or not best['features']:
                    continue
                path = best['runbook'] if part is None else f"{part}/{best['runbook']}"
                if best['features']['bits'] < LEAST_BITS and path not in held:
                    continue
                rows.append({'library': name, 'whole': part is None, 'kind': kind, 'right': path in held,
                             'features': best['features'], 'collection': f"{name}/{path.split('/')[0]}",
                             'expected': {f"{case['set']}/{path.split('/')[0]}" for path in expected(case)}})
        if name.startswith('+'):
            continue
        some = [case for case in cases if not case['set'].startswith('+') and case['set'] != 'talk'] + [
            dict(case, set='talk') for case in talk[:SOME_TALK]]
        for seed in range(SMALL):
            paths = small(folder, sets[name][1], seed)
            for case, best in zip(some, ask_small(binary, folder, paths, some)):
                held = [path for path in expected(case) if case['set'] == name and path in paths]
                if not best or not best['features'] or best['features']['bits'] < LEAST_BITS and best['runbook'] not in held:
                    continue
                kind = 'talk' if case['set'] == 'talk' else 'right' if held else 'strange'
                rows.append({'library': name, 'whole': False, 'kind': kind, 'right': best['runbook'] in held,
                             'features': best['features'], 'collection': f"{name}/{best['runbook'].split('/')[0]}",
                             'expected': {f"{case['set']}/{path.split('/')[0]}" for path in expected(case)}})
    return rows, counted


class Model:
    """A sum of step functions."""

    def __init__(self, names, x, y, weights):
        signs = [1 if name in PLUS else -1 if name in MINUS else 0 for name in names]
        boosted = HistGradientBoostingClassifier(
            max_depth=1, max_iter=200, learning_rate=0.07, min_samples_leaf=12, l2_regularization=5, monotonic_cst=signs)
        boosted.fit(x, y, sample_weight=weights)
        self.base = float(boosted._baseline_prediction.ravel()[0])
        self.steps = [collections.Counter() for _ in names]
        for (tree,) in boosted._predictors:
            nodes = tree.nodes
            if len(nodes) == 1:
                self.base += nodes[0]['value']
                continue
            low, high = nodes[nodes[0]['left']]['value'], nodes[nodes[0]['right']]['value']
            self.base += low
            self.steps[nodes[0]['feature_idx']][round(float(nodes[0]['num_threshold']), 3)] += high - low
        for at, steps in enumerate(self.steps):
            if sum(map(abs, steps.values())) < 0.03:
                self.steps[at] = {}

    def logits(self, x):
        sums = np.full(len(x), self.base)
        for at, steps in enumerate(self.steps):
            for threshold, gain in steps.items():
                sums += gain * (x[:, at] > threshold)
        return sums

    def lines(self, names):
        for name, steps in zip(names, self.steps):
            shown = [f'{threshold:g}:{gain:.3f}' for threshold, gain in sorted(steps.items()) if abs(gain) >= 0.0005]
            if shown:
                yield f"{name} {' '.join(shown)}"


def fit(rows, names):
    weights = {'right': 1.0, 'own': OWN, 'strange': STRANGE, 'talk': TALK}
    models = {}
    for kind in ('named', 'other'):
        own = [row for row in rows if (row['features']['name'] >= NAMED) == (kind == 'named')]
        weight = [1.0 if row['right'] else weights[row['kind']] if row['whole'] or row['kind'] != 'own' else STRANGE for row in own]
        models[kind] = Model(names, matrix(own, names), np.array([row['right'] for row in own]), weight)
    return models


def matrix(rows, names):
    return np.array([[row['features'][name] for name in names] for row in rows])


def answered(models, rows, names):
    """True for each row that would be answered."""
    said = np.zeros(len(rows), bool)
    for kind, model in models.items():
        at = [k for k, row in enumerate(rows) if (row['features']['name'] >= NAMED) == (kind == 'named')]
        if at:
            said[at] = model.logits(matrix([rows[k] for k in at], names)) >= LIMIT[kind]
    return said


def report(title, rows, said, counted=None):
    def share(kind, right=None):
        some = [answer for row, answer in zip(rows, said) if row['kind'] == kind and (right is None or row['right'] == right)]
        total = counted[kind] if counted else sum(row['kind'] == kind for row in rows)
        return f'{sum(some)}/{total}={sum(some) / max(total, 1):.3f}'
    print(f"{title:38} right {share('right', True):14} wrong {share('right', False):14} false {share('own'):14} "
          f"cross {share('strange'):14} talk {share('talk')}")


def main():
    arguments = sys.argv[1:]
    write = '--write' in arguments
    quick = '--quick' in arguments
    arguments = [argument for argument in arguments if argument not in ('--write', '--quick')]
    talk = []
    if '--talk' in arguments:
        at = arguments.index('--talk')
        talk = [case for path in arguments[at + 1:] for case in lines(path)]
        arguments = arguments[:at]
    if len(arguments) < 2:
        sys.exit(__doc__)
    sets = {}
    for argument in arguments[1:]:
        name, rest = argument.split('=', 1)
        folder, cases = rest.split(':', 1)
        sets[name] = (folder, [case for path in cases.split(',') for case in lines(path)])
    rows, counted = collect(arguments[0], sets, talk)
    names = list(rows[0]['features'])
    print(f"{len(rows)} candidates, {sum(row['right'] for row in rows)} of them right, {len(names)} features")

    said = np.zeros(len(rows), bool)
    for left_out in sorted({row['collection'] for row in rows}) if not quick else []:
        test = [k for k, row in enumerate(rows) if row['collection'] == left_out]
        train = [row for row in rows if row['collection'] != left_out and left_out not in row['expected']]
        said[test] = answered(fit(train, names), [rows[k] for k in test], names)
        report(left_out, [rows[k] for k in test], said[test])
    for name in sets if not quick else []:
        whole = [k for k, row in enumerate(rows) if row['whole'] and row['library'] == name]
        numbers = {kind: counted[name, kind] for kind in ('right', 'own', 'strange', 'talk')}
        report(f'{name}, each left out', [rows[k] for k in whole], said[whole], numbers)
    models = fit(rows, names)
    for name in sets:
        whole = [row for row in rows if row['whole'] and row['library'] == name]
        numbers = {kind: counted[name, kind] for kind in ('right', 'own', 'strange', 'talk')}
        report(f'{name}, none left out', whole, answered(models, whole, names), numbers)
    if write:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../src/matching/weights.txt'), 'w') as file:
            file.write('# Written by weights/fit.py.\n')
            for kind, model in models.items():
                file.write(f'model {kind} {model.base - LIMIT[kind]:.3f}\n')
                file.writelines(line + '\n' for line in model.lines(names))


if __name__ == '__main__':
    main()
