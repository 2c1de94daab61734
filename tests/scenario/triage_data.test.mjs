// The demo's triage data: reproducible, split without leaks, and answerable from the message alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { answer_keys, intents, prompts, reply_for } from '../../examples/demo/triage/answer.mjs';
import { generate, templates_of } from '../../examples/demo/triage/generate.mjs';
import { languages } from '../../examples/demo/triage/languages.mjs';
import { base_products, product_names } from '../../examples/demo/triage/products.mjs';
import { first_names, last_names, split_of } from '../../examples/demo/triage/slots.mjs';
import { run } from '../support/child.mjs';
import { temporary_folder } from '../support/eventually.mjs';

const generator = fileURLToPath(new URL('../../examples/demo/triage/generate.mjs', import.meta.url));
const small = { seed: 5, train: 900, train_2025: 900, base: 300, finetune: 300, evaluation: 120, heldout: 120, typo_rate: 0.2 };
const old_files = ['train-2025', 'base']; // order numbers had a letter then
const training_files = ['train', 'finetune', ...old_files];
const unseen_files = ['evaluation', 'heldout-v1', 'heldout-v2', 'heldout-v3', 'heldout'];
const rows = {}; // by file: {template, variant, prompt, message, content, answer}

function parsed(line) {
  const { messages, template, variant } = JSON.parse(line);
  const [system, user, assistant] = messages;
  const { content } = assistant;
  return { messages, template, variant, prompt: system.content, message: user.content, content, answer: JSON.parse(content) };
}

const all_rows = () => Object.entries(rows).flatMap(([file, list]) => list.map((row, index) => ({ ...row, at: `${file}.jsonl:${index + 1}` })));
const rows_of = (files) => files.flatMap((file) => rows[file]);
const values_of = (list, value) => new Set(list.map(value).filter((one) => one !== null && one !== undefined));

function group(list, key_of) {
  const out = {};
  for (const one of list) (out[key_of(one)] ??= []).push(one);
  return out;
}

function assert_apart(unseen, seen, what) {
  assert.ok(unseen.size > 0 && seen.size > 0, `no ${what} to compare`);
  assert.deepEqual([...unseen].filter((one) => seen.has(one)), [], `${what} of the held-out data occur in training data`);
}

// Reads the date in any form that the README allows; null without one. Written apart from the generator.
const months = [
  ['january', 'januar', 'enero', 'janvier'], ['february', 'februar', 'febrero', 'février'], ['march', 'märz', 'marzo', 'mars'],
  ['april', 'abril', 'avril'],
  ['may', 'mai', 'mayo'], ['june', 'juni', 'junio', 'juin'], ['july', 'juli', 'julio', 'juillet'], ['august', 'agosto', 'août'],
  ['september', 'septiembre', 'septembre'], ['october', 'oktober', 'octubre', 'octobre'], ['november', 'noviembre', 'novembre'],
  ['december', 'dezember', 'diciembre', 'décembre'],
];
const month_number = new Map(months.flatMap((names, index) => names.map((name) => [name, index + 1])));
const month_pattern = [...month_number.keys()].sort((a, b) => b.length - a.length).join('|');
const date_patterns = [
  ['iso', /\b(\d{4})-(\d{2})-(\d{2})\b/], ['dots', /\b(\d{2})\.(\d{2})\.(\d{4})\b/],
  ['day', new RegExp(`\\b(\\d{1,2})(?:er|\\.)? (?:de )?(${month_pattern})(?:(?: de)? (\\d{4}))?(?!\\p{L})`, 'iu')],
  ['month', new RegExp(`(?<!\\p{L})(${month_pattern}) (\\d{1,2})(?:, (\\d{4}))?\\b`, 'iu')],
];

function read_date(text) {
  for (const [kind, pattern] of date_patterns) {
    const found = pattern.exec(text);
    if (found === null) continue;
    const [, a, b, c] = found;
    const [year, month, day] = { iso: () => [a, b, c], dots: () => [c, b, a], day: () => [c ?? 2026, month_number.get(b.toLowerCase()), a],
      month: () => [c ?? 2026, month_number.get(a.toLowerCase()), b] }[kind]();
    return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  }
  return null;
}

const is_old = (at) => old_files.includes(at.split('.jsonl')[0]);
const read_order = (text, old) => (old ? /(?<!\p{L})\p{L}\d{5,6}\b/u : /(?<![\p{L}\d])\d{5,6}\b/u).exec(text)?.[0].toUpperCase() ?? null;

// Every sentence that a wording with [a|b] choices can become.
function spellings(text) {
  const choice = /\[([^\]]*)\]/.exec(text);
  if (choice === null) return [text];
  return choice[1].split('|').flatMap((one) => spellings(text.replace(choice[0], one)));
}

// [path, {train, heldout, …}] for every list of wordings of a language.
function pools(node, path) {
  if (node.train) return [[path, node]];
  return Object.entries(node).flatMap(([key, child]) => pools(child, `${path}.${key}`));
}
const every_pool = () => Object.entries(languages).flatMap(([name, { intents: wanted, frame }]) => [...pools(wanted, name), ...pools(frame, name)]);
const trained_wordings = (pool) => [...pool.train, ...(pool.train_2026 ?? [])];
const unseen_wordings = (pool) => [...(pool.evaluation ?? []), ...pool.heldout];

before(async () => {
  const folder = temporary_folder('forebay-triage');
  const child = await run(process.execPath, [generator, '--out', folder]);
  assert.equal(child.code, 0, child.output);
  for (const file of [...training_files, ...unseen_files]) {
    rows[file] = readFileSync(join(folder, `${file}.jsonl`), 'utf8').trimEnd().split('\n').map(parsed);
  }
});

test('the same seed gives the same bytes, another seed others', () => {
  assert.deepEqual(generate(small), generate(small));
  const other = generate({ ...small, seed: 6 });
  for (const [name, lines] of Object.entries(generate(small))) assert.notDeepEqual(lines, other[name], name);
});

test('the program writes what the module generates', async () => {
  const out = temporary_folder('forebay-triage');
  const options = Object.entries(small).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, `${value}`]);
  const child = await run(process.execPath, [generator, '--out', out, ...options]);
  assert.equal(child.code, 0, child.output);
  for (const [name, lines] of Object.entries(generate(small))) {
    assert.equal(readFileSync(join(out, name), 'utf8'), lines.map((line) => `${line}\n`).join(''), name);
  }
});

test('a wrong call says what is wrong and ends with 2, --help shows an example', async () => {
  const help = await run(process.execPath, [generator, '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Example:\n {2}node generate\.mjs --out/);
  for (const [args, reason] of [[[], /--out DIR is missing/], [['--out', 'x', '--train', 'many'], /--train .*'many'/],
    [['--out', 'x', '--typo-rate', '2'], /--typo-rate .*'2'/], [['--out', 'x', '--colour', 'red'], /--colour/]]) {
    const child = await run(process.execPath, [generator, ...args]);
    assert.equal(child.code, 2, child.output);
    assert.match(child.stderr, reason);
  }
});

test('no template, message, order number or date of the unseen files is in a training file', () => {
  const seen = rows_of(training_files);
  for (const file of unseen_files) {
    const unseen = rows[file];
    assert_apart(values_of(unseen, (row) => row.template), values_of(seen, (row) => row.template), `${file}: templates`);
    assert_apart(values_of(unseen, (row) => row.message), values_of(seen, (row) => row.message), `${file}: messages`);
    assert_apart(values_of(unseen, (row) => row.answer.order), values_of(seen, (row) => row.answer.order), `${file}: order numbers`);
    const day = (row) => read_date(row.message)?.slice(5);
    assert_apart(values_of(unseen, day), values_of(seen, day), `${file}: days of the year`);
  }
  const scored = rows['heldout-v3'];
  for (const value of [(row) => row.template, (row) => row.message, (row) => row.answer.order, (row) => row.answer.date]) {
    assert_apart(values_of(scored, value), values_of(rows.evaluation, value), 'evaluation and held-out values');
  }
});

test('no customer of the unseen files writes in a training file', () => {
  const pairs = first_names.flatMap((first) => last_names.map((last) => `${first} ${last}`));
  const split = new Map(pairs.map((name) => [name.toLowerCase(), split_of(name)]));
  const pattern = new RegExp(`(?<!\\p{L})(?:${first_names.join('|')}) (?:${last_names.join('|')})(?!\\p{L})`, 'giu');
  for (const [files, allowed] of [[training_files, 'train'], [['evaluation'], 'evaluation'], [['heldout'], 'heldout']]) {
    const names = rows_of(files).flatMap((row) => row.message.match(pattern) ?? []);
    assert.ok(names.length > 50, `${allowed}: ${names.length} names`);
    assert.deepEqual(names.filter((name) => split.get(name.toLowerCase()) !== allowed), [], `names in ${files}`);
  }
});

test('held-out wordings are never trained, and use only words that training has', () => {
  const words = (text) => text.replace(/\{\w+\}|<[^>]*>/g, ' ').toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const known = {};
  for (const [path, pool] of every_pool()) {
    const name = path.split('.')[0];
    known[name] ??= new Set();
    for (const word of trained_wordings(pool).flatMap(spellings).flatMap(words)) known[name].add(word);
  }
  for (const [path, pool] of every_pool()) {
    assert.ok(pool.heldout.length > 0, `${path} holds nothing out`);
    const trained = new Set(trained_wordings(pool).flatMap(spellings));
    const again = unseen_wordings(pool).flatMap(spellings).filter((text) => trained.has(text));
    assert.deepEqual(again, [], `${path}: held out and trained`);
    const strange = unseen_wordings(pool).flatMap(spellings).flatMap(words).filter((word) => !known[path.split('.')[0]].has(word));
    assert.deepEqual(strange, [], `${path}: words that training lacks`);
  }
});

test('there are enough wordings, about a fifth of the English ones held out', () => {
  for (const intent of intents) {
    const count = (name, split) => templates_of(name, intent, split).length;
    assert.ok(count('en', 'train') >= 20, intent);
    const unseen = count('en', 'evaluation') + count('en', 'heldout');
    assert.ok(unseen / (unseen + count('en', 'train')) >= 0.18, `${intent}: ${unseen} held out`);
    for (const name of ['de', 'es', 'fr']) {
      assert.ok(count(name, 'train') >= 5, `${intent} in ${name}`);
      assert.ok(count(name, 'heldout') > 0 && count(name, 'evaluation') > 0, `${intent} in ${name}`);
    }
  }
});

test('cue words of urgency and sentiment are nowhere but in their own wordings', () => {
  const urgency = 'urgent|urgente|dringend|today|tomorrow|asap|immediately|hurry|rush|eilt|eile|prisa|presse';
  const cues = new RegExp(`\\b(?:${urgency}|disappoint\\w*|angry|annoy\\w*|unacceptable|terrible|appreciate|frustrated)\\b`, 'i');
  for (const [path, pool] of every_pool()) {
    const mixed = [...trained_wordings(pool), ...unseen_wordings(pool)].filter((text) => cues.test(text));
    if (/\.(?:urgency|sentiment|prefixes)\b/.test(path)) continue;
    assert.deepEqual(mixed, [], path);
  }
  const labels = new Map();
  for (const [path, pool] of every_pool().filter(([path]) => /\.(?:urgency|sentiment)\./.test(path))) {
    for (const text of [...trained_wordings(pool), ...pool.heldout].flatMap(spellings)) {
      assert.ok((labels.get(text) ?? path) === path, `'${text}' means both ${labels.get(text)} and ${path}`);
      labels.set(text, path);
    }
  }
});

test('every row has the agreed form and stays within the limits', () => {
  for (const { messages, variant, prompt, message, content, answer, at } of all_rows()) {
    assert.deepEqual(messages.map(({ role }) => role), ['system', 'user', 'assistant'], at);
    assert.equal(prompt, prompts[variant], at);
    assert.ok(message.trim().length >= 10 && message.length <= 300, `${at}: a message of ${message.length} characters`);
    assert.ok(content.length <= 280 && !content.includes('\n'), `${at}: an answer of ${content.length} characters`);
    assert.doesNotMatch(message, /[[\]{}<>|\ue000-\uf8ff]|\b(?:undefined|null|NaN)\b/u, at);
    assert.deepEqual(Object.keys(answer), answer_keys, at);
    assert.equal(content, JSON.stringify(answer), `${at}: not compact`);
    assert.ok(intents.includes(answer.intent) && product_names.includes(answer.product), at);
    assert.ok(['low', 'normal', 'high'].includes(answer.urgency) && ['negative', 'neutral', 'positive'].includes(answer.sentiment), at);
    assert.ok(answer.order === null || (is_old(at) ? /^[A-Z]\d{5,6}$/ : /^\d{5,6}$/).test(answer.order), at);
    assert.equal(answer.reply, reply_for(answer.intent, answer.product, answer.order), at);
  }
});

test('order number and date can be read off the message', () => {
  for (const { message, variant, answer, at } of all_rows()) {
    assert.equal(read_order(message, is_old(at)), answer.order, `${at}: ${message}`);
    const today = variant === 'v3' || at.startsWith('heldout');
    if (today || answer.date === null) assert.equal(read_date(message), answer.date, `${at}: ${message}`);
    else assert.ok(message.includes(answer.date) && read_date(answer.date) === read_date(message), `${at}: ${message}`);
  }
});

test('older prompts are answered by their own convention in training and by today\'s when scored', () => {
  const of_mixed_prompts = [...rows.train, ...rows['train-2025']];
  for (const row of of_mixed_prompts.filter(({ variant }) => variant === 'v1')) {
    assert.equal(row.answer.urgency, /urgent/i.test(row.message) ? 'high' : 'normal', row.message);
    assert.notEqual(row.answer.intent, 'praise', row.message);
    assert.equal(row.answer.intent, row.template.split('.')[0].replace('praise', 'product_question'), row.message);
  }
  for (const row of of_mixed_prompts.filter(({ variant }) => variant !== 'v1')) assert.equal(row.answer.intent, row.template.split('.')[0]);
  for (const variant of Object.keys(prompts)) {
    const scored = rows[`heldout-${variant}`];
    assert.ok(scored.every((row) => row.variant === variant));
    const asked_and_answered = (list) => list.map(({ message, content }) => [message, content]);
    assert.deepEqual(asked_and_answered(scored), asked_and_answered(rows['heldout-v3']));
  }
  assert.equal(rows.heldout.length, Object.keys(prompts).reduce((sum, variant) => sum + rows[`heldout-${variant}`].length, 0));
  assert.deepEqual([...values_of([...rows.finetune, ...rows.evaluation], (row) => row.variant)], ['v3']);
});

test('every class is represented in every file, and the base file knows only its half', () => {
  const classes = { intent: intents, product: product_names, urgency: ['low', 'normal', 'high'], sentiment: ['negative', 'neutral', 'positive'] };
  for (const [file, list] of Object.entries(rows)) {
    for (const [key, all] of Object.entries(classes)) {
      const wanted = file === 'base' && key === 'product' ? base_products : all;
      const counts = group(list, (row) => row.answer[key]);
      assert.deepEqual(Object.keys(counts).sort(), [...wanted].sort(), `${file}: ${key}`);
      for (const [one, some] of Object.entries(counts)) {
        assert.ok(some.length >= list.length * 0.03, `${file}: ${some.length} rows with ${key} ${one}`);
      }
    }
    for (const key of ['order', 'date']) {
      const share = list.filter((row) => row.answer[key] !== null).length / list.length;
      assert.ok(share > 0.25 && share < 0.75, `${file}: ${key} in ${share}`);
    }
    const names = values_of(list, (row) => row.template.split('.')[1]);
    assert.deepEqual([...names].sort(), file === 'base' ? ['en'] : ['de', 'en', 'es', 'fr'], file);
  }
  const shares = group(rows.train, (row) => row.variant);
  for (const [variant, share] of [['v3', 0.7], ['v2', 0.2], ['v1', 0.1]]) {
    assert.ok(Math.abs(shares[variant].length / rows.train.length - share) < 0.02, variant);
  }
  assert.ok(values_of(rows.base, (row) => row.template).size <= intents.length * 11);
});

test('no message is twice in one file', () => {
  for (const [file, list] of Object.entries(rows).filter(([name]) => name !== 'heldout')) {
    assert.equal(values_of(list, (row) => row.message).size, list.length, file);
  }
});
