#!/usr/bin/env python3
"""Fits ../src/matching/weights.txt, the last step of matching: from facts about the best candidate to the confidence that
it is the error of the message. Needs scikit-learn 1.5 or later (pip install scikit-learn).

Usage: fit.py [--write] [--quick] [--aside PART[,PART…]] [--rows FILE] BINARY NAME=FOLDER:CASES[,CASES…] […] [--talk FILE.jsonl …]

A set whose NAME begins with + is asked only of its own runbooks: for messages that other sets document as well. FOLDER
holds collections of runbooks, a folder each; CASES are labelled messages as `signpost eval` reads them. Every
message is put to every collection by itself and to every FOLDER as a whole; where its runbook is not among them, silence
is right, which gives many negatives. So it is to SMALL parts of each FOLDER, a dozen documents of one collection each:
in a library of few words, each word weighs more. The hardest negatives are the messages of a collection without the very
runbooks that they expect: near errors whose page does not exist. What such a message is answered by is a twin, and no
negative, where the text that matched best stands in the removed page as well. --talk adds messages that no runbook treats. --aside
names collections, NAME/FOLDER, that are neither fitted on nor shown; --quick leaves the table out; --rows keeps what was
gathered in a file, or takes it from there.

The model is a sum of one step function for each feature. The direction of each is fixed beforehand (PLUS and MINUS), so
that no fact in favour of an answer ever counts against it. Candidates with a code or an alert name have a model of their
own, unless many programs have that name. Printed is a table with one collection left out at a time: what the weights do
to runbooks that they never saw. The rules of form (commands, settings, talk) come on top and are not in the table.
"""
import collections, json, os, random, re, shutil, subprocess, sys, tempfile
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

PLUS = set("""
    fit bits strongest specific specific_all symptom complete found both telling whole_words signature_words novel
    novel_share explained known last_part_reached rarest error_line errors_explained page_named page_bits section_named
    section_bits words_in_common ahead ahead_of_others name name_rare name_error name_told
""".split())
MINUS = set("""
    replaced conflict other_cause signature_table signature_marks unmatched unknown unknown_name after other_errors talk
    news page_length next_share name_common
""".split())
# The logit at which a candidate is answered: where the number of answers lost and of false answers avoided, with one
# collection left out, seemed right to us.
LIMIT = {'named': -1.6, 'other': -1.35}
# A candidate with less evidence, as ln(1 + bits), is silent anyway.
LEAST_BITS = 1.8
# A name counts from this strength: features.rs, NAMED.
NAMED = 0.3
# Small libraries of each folder, their documents, and the messages of talk that are put to them.
SMALL, DOCUMENTS, SOME_TALK = 24, 12, 2000
# Weights of rows: a wrong answer to a message of the team's own is worse than one to a message of strangers, or to one
# whose runbook was removed, which may be documented elsewhere; there are few of the first. Parts of a folder repeat what the whole shows.
WEIGHTS = {'own': 4.0, 'wrong': 2.0, 'strange': 0.6, 'gone': 1.0, 'talk': 0.3}
AGAIN = 0.5


def lines(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def expected(case):
    expect = case.get('expect')
    return [expect] if isinstance(expect, str) else expect or []


def ask(binary, folder, cases, *options):
    """The best candidate of each case in a folder of runbooks."""
    with tempfile.TemporaryDirectory() as scratch:
        given, details = os.path.join(scratch, 'cases.jsonl'), os.path.join(scratch, 'details.jsonl')
        with open(given, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(dict(case, expect_anchor=None)) + '\n' for case in cases)
        subprocess.run([binary, 'eval', '--runbooks', folder, '--cases', given, '--json', '--details', details, *options],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [line['best'] for line in lines(details)]


def plain(text):
    return re.sub(r'\W+', ' ', text).strip().lower()


def is_twin(folder, paths, signature):
    """True when one of these documents holds the text that matched best as well."""
    signature = plain(signature or '')
    for path in paths:
        with open(os.path.join(folder, path), encoding='utf-8', errors='ignore') as file:
            if signature and signature in plain(file.read()):
                return True
    return False


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
        return ask(binary, library, [dict(case, expect=None) for case in cases])


def collect(binary, sets, talk, aside):
    """A row for each pair of a message and a library that has a candidate for it which the rules of form let speak."""
    cases = [dict(case, set=name, id=f"{name}/{case['id']}") for name, (_, own) in sets.items() for case in own]
    cases += [dict(case, set='talk') for case in talk]
    rows, counted = [], collections.Counter()

    def is_aside(name, paths):
        return any(f"{name}/{path.split('/')[0]}" in aside for path in paths)

    def add(name, case, best, kind, what, held, prefix=''):
        if not best or not best['features'] or best['silenced']:
            return
        path = prefix + best['runbook']
        if best['features']['bits'] < LEAST_BITS and path not in held or is_aside(name, [path]):
            return
        if kind == 'right' and path not in held:
            kind = 'wrong'
        rows.append({'library': name, 'what': what, 'kind': kind, 'features': best['features'],
                     'collection': f"{name}/{path.split('/')[0]}",
                     'expected': sorted({f"{case['set']}/{path.split('/')[0]}" for path in expected(case)})})

    cases = [case for case in cases if not is_aside(case['set'], expected(case))]
    common = [case for case in cases if not case['set'].startswith('+')]
    for name, (folder, _) in sets.items():
        own = [case for case in cases if case['set'] == name]
        below = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] not in '._')
        for part in [None, *below]:
            at, prefix = (folder, '') if part is None else (os.path.join(folder, part), part + '/')
            what = 'whole' if part is None else 'part'
            if part is not None and f'{name}/{part}' in aside:
                continue
            asked = own if name.startswith('+') else [case for case in common if part is None or case['set'] != 'talk']
            for case, best in zip(asked, ask(binary, at, [dict(case, expect=None) for case in asked])):
                held = [path for path in expected(case) if case['set'] == name and path.startswith(prefix)]
                kind = ('talk' if case['set'] == 'talk' else 'right' if held else
                        'own' if case['set'] == name and part is None else 'strange')
                counted[name, what, kind] += 1
                add(name, case, best, kind, what, held, prefix)
            asked = [case for case in own if any(path.startswith(prefix) for path in expected(case))]
            inside = [dict(case, expect=[path[len(prefix):] for path in expected(case) if path.startswith(prefix)]) for case in asked]
            for case, best in zip(asked, ask(binary, at, inside, '--without-expected') if inside else []):
                if not best or not is_twin(folder, expected(case), best['signature']):
                    counted[name, 'gone' if part is None else 'gone part', 'gone'] += 1
                    add(name, case, best, 'gone', 'gone' if part is None else 'gone part', [], prefix)
        if name.startswith('+'):
            continue
        some = [case for case in common if case['set'] != 'talk'] + [dict(case, set='talk') for case in talk[:SOME_TALK]]
        for seed in range(SMALL):
            paths = small(folder, own, seed)
            for case, best in zip(some, ask_small(binary, folder, paths, some)):
                held = [path for path in expected(case) if case['set'] == name and path in paths]
                kind = 'talk' if case['set'] == 'talk' else 'right' if held else 'strange'
                counted[name, 'small', kind] += 1
                add(name, case, best, kind, 'small', held)
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


def weight(row):
    weight = WEIGHTS.get(row['kind'], 1.0)
    return weight if row['what'] in ('whole', 'gone') else weight * AGAIN


def fit(rows, names):
    models = {}
    for kind in ('named', 'other'):
        own = [row for row in rows if kind_of(row) == kind]
        models[kind] = Model(names, matrix(own, names), np.array([row['kind'] == 'right' for row in own]), [weight(row) for row in own])
    return models


def kind_of(row):
    features = row['features']
    return 'named' if features['name'] >= NAMED and not features['name_common'] else 'other'


def matrix(rows, names):
    return np.array([[row['features'][name] for name in names] for row in rows])


def logits(models, rows, names):
    """The logit of each row less the limit."""
    sums = np.zeros(len(rows))
    for kind, model in models.items():
        at = [k for k, row in enumerate(rows) if kind_of(row) == kind]
        if at:
            sums[at] = model.logits(matrix([rows[k] for k in at], names)) - LIMIT[kind]
    return sums


def report(title, rows, said, counted=None):
    """A line: of all messages of a kind, or without `counted` of those with a candidate, the ones that are answered."""
    def share(kinds, total):
        total = total or sum(row['kind'] in kinds for row in rows)
        some = sum(answer for row, answer in zip(rows, said) if row['kind'] == kinds[0])
        return f'{some}/{total}={some / max(total, 1):.3f}'
    counted = counted or {}
    positives = counted.get('right', 0)
    print(f"{title:44} right {share(('right', 'wrong'), positives):14} wrong {share(('wrong', 'right'), positives):13} "
          f"false {share(('own',), counted.get('own', 0)):13} gone {share(('gone',), counted.get('gone', 0)):13} "
          f"cross {share(('strange',), counted.get('strange', 0)):14} talk {share(('talk',), counted.get('talk', 0))}", flush=True)


def summary(title, rows, said, counted, sets):
    for name in sets:
        own = [k for k, row in enumerate(rows) if row['library'] == name and row['what'] in ('whole', 'gone')]
        numbers = {kind: counted[name, 'gone' if kind == 'gone' else 'whole', kind] for kind in ('right', 'own', 'gone', 'strange', 'talk')}
        report(f'{name}, {title}', [rows[k] for k in own], said[own], numbers)


def left_out(rows, names):
    """The logit of each row by weights that never saw its collection."""
    sums = np.zeros(len(rows))
    for collection in sorted({row['collection'] for row in rows}):
        test = [k for k, row in enumerate(rows) if row['collection'] == collection]
        train = [row for row in rows if row['collection'] != collection and collection not in row['expected']]
        sums[test] = logits(fit(train, names), [rows[k] for k in test], names)
        report(collection, [rows[k] for k in test], sums[test] >= 0)
    return sums


def option(arguments, name):
    """Takes an option and its value out of the arguments."""
    if name not in arguments:
        return None
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at:at + 2]
    return value


def main():
    arguments = sys.argv[1:]
    write, quick = '--write' in arguments, '--quick' in arguments
    arguments = [argument for argument in arguments if argument not in ('--write', '--quick')]
    aside, kept = set((option(arguments, '--aside') or '').split(',')), option(arguments, '--rows')
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
    if kept and os.path.exists(kept):
        with open(kept) as file:
            rows, counted = json.load(file)
        counted = collections.Counter({tuple(key): count for key, count in counted})
    else:
        rows, counted = collect(arguments[0], sets, talk, aside)
        if kept:
            with open(kept, 'w') as file:
                json.dump([rows, list(counted.items())], file)
    names = list(rows[0]['features'])
    print(f"{len(rows)} candidates, {sum(row['kind'] == 'right' for row in rows)} of them right, {len(names)} features")
    if not quick:
        sums = left_out(rows, names)
        for shift in (-1.0, -0.5, 0.0, 0.5, 1.0):
            summary(f'each left out, limit {shift:+.1f}', rows, sums >= shift, counted, sets)
    models = fit(rows, names)
    summary('none left out', rows, logits(models, rows, names) >= 0, counted, sets)
    if write:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../src/matching/weights.txt'), 'w') as file:
            file.write('# Written by weights/fit.py.\n')
            for kind, model in models.items():
                file.write(f'model {kind} {model.base - LIMIT[kind]:.3f}\n')
                file.writelines(line + '\n' for line in model.lines(names))


if __name__ == '__main__':
    main()
