// Models and datasets registered by the command line: what comes back, what is refused, several at once, kill -9.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';

import { Child } from '../support/child.mjs';
import { temporary_folder } from '../support/eventually.mjs';
import { forebay, forebay_bin, random_model, tiny_model } from '../support/forebay.mjs';

const digest_of = (bytes) => createHash('sha256').update(bytes).digest('hex');
const row = (user, assistant) =>
  `${JSON.stringify({ messages: [{ role: 'user', content: user }, { role: 'assistant', content: assistant }] })}\n`;
const numbered = (count, tag) =>
  Array.from({ length: count }, (_, i) => row(`${tag}: where is my order, asked in way ${'x'.repeat(i)}`, `{"n":${i}}`)).join('');

// A data folder of its own, and the commands in it.
class Rig {
  folder = temporary_folder();
  data = join(this.folder, 'data');

  file(name, bytes) {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }
  async run(...args) {
    return forebay([...args, '--data', this.data]);
  }
  // The JSON lines that a command prints.
  async json(...args) {
    const child = await this.run(...args, '--json');
    assert.equal(child.code, 0, child.output);
    return child.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
  async refused(code, pattern, ...args) {
    const child = await this.run(...args);
    assert.equal(child.code, code, child.output);
    assert.match(child.stderr, pattern);
    return child;
  }
  blobs() {
    return readdirSync(join(this.data, 'registry/blobs')).sort();
  }
}

// The smallest adapter that a GGUF can hold: one tensor of 32 zeros.
function adapter_gguf() {
  const u32 = (n) => Buffer.from(Uint32Array.of(n).buffer);
  const u64 = (n) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer);
  const text = (s) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
  const pair = (key, value) => Buffer.concat([text(key), u32(8), text(value)]);
  const head = Buffer.concat([
    Buffer.from('GGUF'), u32(3), u64(1), u64(2),
    pair('general.architecture', 'llama'), pair('general.type', 'adapter'),
    text('blk.0.attn_q.weight.lora_a'), u32(1), u64(32), u32(0), u64(0),
  ]);
  const padding = Buffer.alloc((32 - (head.length % 32)) % 32);
  return Buffer.concat([head, padding, Buffer.alloc(32 * 4)]);
}

test('a model is imported, labelled, listed and shown', async () => {
  const rig = new Rig();
  const [first] = await rig.json('model', 'add', 'toy', random_model());
  const [second] = await rig.json('model', 'add', 'toy', tiny_model(), '--base', 'toy:1');
  const [again] = await rig.json('model', 'add', 'toy', random_model());

  assert.equal(first.reference, 'toy:1');
  assert.equal(first.digest, digest_of(readFileSync(random_model())));
  assert.equal(first.details.architecture, 'llama');
  assert.ok(first.details.parameters > 1000);
  assert.equal(digest_of(readFileSync(first.file)), first.digest);
  assert.equal(statSync(first.file).mode & 0o777, 0o444);
  assert.equal(second.base_digest, first.digest);
  assert.equal(again.reference, 'toy:1');

  await rig.json('model', 'label', 'toy:1', 'production');
  const [moved] = await rig.json('model', 'label', 'toy@latest', 'production');
  assert.deepEqual(moved.labels, ['latest', 'production']);
  const [shown] = await rig.json('model', 'show', 'toy@production');
  assert.equal(shown.reference, 'toy:2');
  assert.deepEqual(shown.label_moves.map(({ label, number }) => [label, number]), [['production', 2], ['production', 1]]);
  assert.deepEqual((await rig.json('model', 'list')).map(({ reference }) => reference), ['toy:2', 'toy:1']);

  const table = await rig.run('model', 'list');
  assert.match(table.stdout, /toy:2 +model +latest, production/);
  const page = await rig.run('model', 'show', 'toy');
  assert.match(page.stdout, /base +toy:1, model/);
  await rig.refused(1, /nothing is named 'tay'; there is toy/, 'model', 'show', 'tay');
  await rig.refused(2, /'latest' itself/, 'model', 'label', 'toy:1', 'latest');
});

test('a lineage is drawn as text, JSON and a picture', async () => {
  const rig = new Rig();
  await rig.json('model', 'add', 'base', random_model());
  await rig.json('model', 'add', 'tuned', tiny_model(), '--base', 'base');
  const picture = join(rig.folder, 'tree.svg');

  const tree = await rig.run('model', 'lineage', 'tuned', '--svg', picture);

  assert.equal(tree.code, 0, tree.output);
  assert.match(tree.stdout, /^tuned:1: .*\n└── base: base:1, model/);
  assert.match(readFileSync(picture, 'utf8'), /^<svg [^]*base:1[^]*<\/svg>\n$/);
  const [root] = await rig.json('model', 'lineage', 'tuned');
  assert.equal(root.parents[0].version.reference, 'base:1');
});

test('the GGUF says whether it is an adapter; what is neither a model nor an adapter is refused', async () => {
  const rig = new Rig();
  const [adapter] = await rig.json('model', 'add', 'style', rig.file('lora.gguf', adapter_gguf()));
  assert.equal(adapter.kind, 'adapter');
  assert.deepEqual((await rig.json('model', 'list', '--kind', 'adapter')).map(({ name }) => name), ['style']);
  assert.deepEqual(await rig.json('model', 'list', '--kind', 'model'), []);

  await rig.refused(1, /'style' holds adapters; choose another name for models/, 'model', 'add', 'style', tiny_model());
  await rig.refused(2, /not a GGUF/, 'model', 'add', 'toy', rig.file('rows.jsonl', row('a', 'b')));
  await rig.refused(2, /truncated/, 'model', 'add', 'toy', rig.file('cut.gguf', readFileSync(tiny_model()).subarray(0, 100_000)));
  const control = Buffer.from(adapter_gguf().toString('latin1').replace('adapter', 'imatrix'), 'latin1');
  await rig.refused(2, /type 'imatrix'/, 'model', 'add', 'toy', rig.file('imatrix.gguf', control));
  await rig.refused(1, /no model file/, 'model', 'add', 'toy', join(rig.folder, 'none.gguf'));
  await rig.refused(2, /'A b' is not a name/, 'model', 'add', 'A b', tiny_model());
  assert.equal(rig.blobs().length, 1);
});

test('a dataset is registered with what its report found, in characters and in tokens', async () => {
  const rig = new Rig();
  const train = rig.file('train.jsonl', numbered(20, 'train') + row('Where is order 12?', '{"n":0}').repeat(2));
  const held = rig.file('held.jsonl', row('where is  ORDER 99?', '{}') + row('Something else entirely', '{}'));

  const [first, evaluation] = await rig.json('dataset', 'add', 'tickets', train, '--evaluation', held, '--source', 'desk 7');

  assert.equal(first.reference, 'tickets:1');
  assert.equal(first.source, 'desk 7');
  assert.equal(evaluation.reference, 'tickets-evaluation:1');
  assert.equal(first.details.evaluation_digest, evaluation.digest);
  assert.equal(first.details.rows, 22);
  assert.equal(first.details.duplicates, 1);
  assert.equal(first.details.unit, 'characters');
  assert.equal(evaluation.details.leaked, 1);

  const [counted] = await rig.json('dataset', 'add', 'counted', train, '--model', tiny_model(), '--context-tokens', '40');
  assert.equal(counted.details.unit, 'tokens');
  assert.equal(counted.details.counted_with, 'tiny.gguf');
  assert.ok(counted.details.over_long > 0 && counted.details.over_long < 22, JSON.stringify(counted.details));
  assert.equal(counted.digest, first.digest);
  assert.equal(rig.blobs().length, 2, 'the same bytes lie there once');

  const said = await rig.run('dataset', 'add', 'tickets', train, '--evaluation', held);
  assert.match(said.stdout, /leaked +1\n/);
  assert.match(said.stdout, /lengths are in characters/);
  assert.match(said.stdout, /line 1 asks what line 21 of the other split asks/);
  assert.match(said.stdout, /registered before/);
  assert.match((await rig.run('dataset', 'show', 'tickets')).stdout, /duplicates +1\n/);
  await rig.refused(1, /'tickets' holds datasets; see: forebay dataset show tickets:1/, 'model', 'show', 'tickets');
});

test('malformed rows are named with file and line, and nothing is registered', async () => {
  const rig = new Rig();
  const bad = rig.file('bad.jsonl', `${row('a', 'b')}{"messages":[}]}\n\n${row('a', '')}${row('a', 'b').replace('user', 'bot')}`);

  const child = await rig.refused(2, /3 malformed rows; nothing was registered/, 'dataset', 'add', 'tickets', bad);

  assert.match(child.stderr, /bad\.jsonl:2: column 14: not JSON/);
  assert.match(child.stderr, /bad\.jsonl:4: messages\[1\]\.content is empty/);
  assert.match(child.stderr, /bad\.jsonl:5: messages\[0\]\.role 'bot' is not known/);
  assert.equal(existsSync(rig.data), false);
  const good = rig.file('good.jsonl', row('a', 'b'));
  await rig.refused(2, /bad\.jsonl:2:/, 'dataset', 'add', 'tickets', good, '--evaluation', bad);
  await rig.refused(2, /bad\.jsonl:1: text is missing/, 'dataset', 'add', 'tickets', bad, '--format', 'text');
  await rig.refused(2, /no rows/, 'dataset', 'add', 'tickets', rig.file('empty.jsonl', '\n\n'));
  await rig.refused(1, /No such file/, 'dataset', 'add', 'tickets', join(rig.folder, 'none.jsonl'));
  await rig.refused(1, /nothing registered/, 'dataset', 'list');
});

test('verify finds a damaged file, and adding it again mends it', async () => {
  const rig = new Rig();
  const rows = rig.file('rows.jsonl', numbered(5, 'a'));
  const [dataset] = await rig.json('dataset', 'add', 'tickets', rows);
  assert.deepEqual(await rig.json('model', 'verify'), [{ ok: true, versions: 1, damaged: [] }]);
  chmodSync(dataset.file, 0o644);
  appendFileSync(dataset.file, 'more');

  await rig.refused(1, /damaged or missing: tickets:1/, 'model', 'verify');

  assert.equal((await rig.json('dataset', 'add', 'tickets', rows))[0].reference, 'tickets:1');
  assert.equal((await rig.run('model', 'verify')).code, 0);
});

test('several at once get a number each', async () => {
  const rig = new Rig();
  const files = Array.from({ length: 6 }, (_, i) => rig.file(`${i}.jsonl`, numbered(50, `file ${i}`)));

  // Two of each file: the same bytes are one version, whoever comes first.
  const added = await Promise.all([...files, ...files].map((file) => rig.json('dataset', 'add', 'shared', file)));

  const numbers = added.map(([{ number }]) => number);
  assert.deepEqual([...new Set(numbers)].sort(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(numbers.slice(0, 6), numbers.slice(6));
  assert.equal((await rig.run('model', 'verify')).code, 0);
  assert.equal(rig.blobs().length, 6);
});

// A killed command leaves a whole version or none, and nothing that the next one does not clear away.
test('kill -9 at any moment leaves a version that is whole, or none', async () => {
  const rig = new Rig();
  let state = Number(process.env.FOREBAY_SEED ?? Date.now() % 1_000_000);
  console.log(`FOREBAY_SEED=${state}`);
  const random = () => (state = (state * 48271 + 11) % 2147483647) / 2147483647;
  await rig.json('dataset', 'add', 'first', rig.file('first.jsonl', row('a', 'b')));
  const long = row('question', 'x'.repeat(2_000_000)).repeat(10);
  const file = (round) => rig.file('next.jsonl', row('round', String(round)) + long);
  const begin = Date.now();
  await rig.json('dataset', 'add', 'measured', file('measured'));
  const whole_ms = Date.now() - begin;

  let finished = 0;
  for (let round = 0; round < 20; ++round) {
    const source = file(round);
    const child = new Child(forebay_bin, ['dataset', 'add', 'tickets', source, '--data', rig.data, '--json']);
    await pause(random() * whole_ms * 1.1);
    await child.kill();
    const known = (await rig.json('dataset', 'list')).filter(({ name }) => name === 'tickets');
    finished += known.some(({ digest }) => digest === digest_of(readFileSync(source))) ? 1 : 0;
    assert.deepEqual(known.map(({ number }) => number), known.map((_, i) => known.length - i), `round ${round}`);
    assert.equal((await rig.run('model', 'verify')).code, 0, `round ${round}`);
    assert.deepEqual(rig.blobs().filter((name) => !/^[0-9a-f]{64}$/.test(name)), [], `round ${round}`);
  }

  console.log(`${finished} of 20 finished before they were killed`);
  assert.equal((await rig.json('dataset', 'add', 'tickets', file('end')))[0].number, finished + 1);
});
