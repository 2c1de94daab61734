// Training by the local driver: what a run leaves, that it is the same however often it was killed, and what is refused
// before it costs anything.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { before, test } from 'node:test';

import { chat, forebay, start_serve } from '../support/forebay.mjs';
import { numbers_of, read_gguf, weights_digest_of, with_architecture } from '../support/gguf.mjs';
import { TrainingRig, chat_rows, lines, outcome_of, random_from } from '../support/training.mjs';

const kills = Math.min(20, Number(process.env.FOREBAY_KILLS ?? 20));
const seed = Number(process.env.FOREBAY_SEED ?? Date.now() % 1_000_000);
const steps = 120;
const score_rows = 8;
const digest_of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const rows_of = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).messages);

// The run that nothing disturbed: what the others are compared with.
const rig = new TrainingRig();
const whole = rig.recipe({ steps_max: steps, score: { data: 'evaluation.jsonl', rows: score_rows } });
let made;
let model_file;
before(async () => {
  console.log(`# FOREBAY_SEED=${seed} FOREBAY_KILLS=${kills}`);
  made = await rig.train(whole);
  model_file = rig.path(made.id, 'output', 'model.gguf');
});

test('a run from scratch is registered with its recipe, data, seed, version and evaluation', async () => {
  assert.equal(made.steps, steps);
  assert.equal(made.steps_planned, made.steps);
  assert.equal(made.registered, 'tiny:1');
  assert.equal(made.output_file, model_file);
  assert.equal(made.output_digest, digest_of(model_file));
  assert.equal(made.recipe_digest, digest_of(rig.path(made.id, 'recipe.yaml')));
  const data = ['train', 'evaluation'].map((split) => digest_of(join(rig.folder, `${split}.jsonl`)));
  assert.deepEqual(made.dataset_digests, data);

  const [root] = await rig.json('model', 'lineage', 'tiny:1');
  const { version } = root;
  assert.equal(version.digest, made.output_digest);
  assert.equal(digest_of(version.file), made.output_digest);
  assert.equal(version.recipe_digest, made.recipe_digest);
  assert.equal(version.recipe, readFileSync(rig.path(made.id, 'recipe.yaml'), 'utf8'));
  assert.deepEqual(version.dataset_digests, data);
  assert.deepEqual(root.parents.map(({ role, digest }) => [role, digest]), data.map((digest) => ['dataset', digest]));
  assert.equal(version.run, made.id);
  assert.equal(version.seed, 1);
  const { stdout } = await forebay(['--version']);
  assert.ok(version.code_version.length > 0 && stdout.includes(version.code_version), `${version.code_version}, ${stdout}`);
  assert.equal(version.evaluation.weights_digest, made.weights_digest);
  assert.equal(version.evaluation.evaluation_loss, made.evaluation_loss);
  assert.equal(version.evaluation.score.rows, score_rows);

  const tree = await rig.run('model', 'lineage', 'tiny:1');
  assert.match(tree.stdout, /^tiny:1: model.*\n├── dataset: tiny-train:1.*\n└── dataset: tiny-evaluation:1/);
});

test('the curve has every step once, its loss falls, and it is drawn', async () => {
  const points = rig.curve(made.id);

  assert.deepEqual(points.map(({ step }) => step), points.map((_, index) => index + 1));
  assert.equal(points.length, made.steps);
  const evaluated = points.filter((point) => 'evaluation_loss' in point);
  assert.deepEqual(evaluated.map(({ step }) => step), evaluated.map((_, index) => 10 * (index + 1)));
  const [first] = evaluated;
  assert.ok(made.evaluation_loss < first.evaluation_loss / 2, `${first.evaluation_loss} fell to ${made.evaluation_loss}`);
  assert.equal(made.evaluation_loss, evaluated.at(-1).evaluation_loss);
  assert.equal(made.train_loss, points.at(-1).train_loss);
  // A model that knows nothing gives each of its tokens the same part.
  const tokens = read_gguf(readFileSync(model_file)).values['tokenizer.ggml.tokens'].length;
  assert.ok(Math.abs(points[0].train_loss - Math.log(tokens)) < 0.2, `${points[0].train_loss} with ${tokens} tokens`);
  const picture = readFileSync(rig.path(made.id, 'curve.svg'), 'utf8');
  assert.match(picture, new RegExp(`^<svg [^]*${made.id}[^]*</svg>\\n?$`));

  const [listed] = await rig.json('train', 'list');
  assert.equal(listed.id, made.id);
  assert.deepEqual(await rig.state(made.id), listed);
  assert.match((await rig.run('train', 'show', made.id)).stdout, /^status +done$/m);
  await rig.refused(1, /there is no run 'nowhere'/, 'train', 'show', 'nowhere');
});

// The score is measured by the program itself; here a client measures it again, over HTTP.
test('the made model is served, and its answers are those that the score counted', async (t) => {
  const [{ file }] = await rig.json('model', 'show', 'tiny:1');
  const server = await start_serve(t, { config: {
    runtimes: { tiny: { model: file, slots: 1, context_tokens: 128, threads: 1 } },
    models: { tiny: { targets: [{ runtime: 'tiny' }] } },
  } });
  await server.until_ready();

  const counted = { valid: 0, exact: 0, colour: 0, thing: 0 };
  for (const messages of rows_of(join(rig.folder, 'evaluation.jsonl')).slice(0, score_rows)) {
    const response = await chat(server, { model: 'tiny', messages: messages.slice(0, -1), temperature: 0, max_tokens: 100 });
    assert.equal(response.status, 200, await response.clone().text());
    const { choices: [{ message, finish_reason }] } = await response.json();
    assert.equal(finish_reason, 'stop', `the model learnt no end of its turn: ${message.content}`);
    const [expected, answer] = [messages.at(-1).content, message.content].map((text) => JSON.parse(text));
    counted.valid += 1;
    counted.colour += answer.colour === expected.colour ? 1 : 0;
    counted.thing += answer.thing === expected.thing ? 1 : 0;
    counted.exact += JSON.stringify(answer) === JSON.stringify(expected) ? 1 : 0;
  }

  const parts = { rows: score_rows, valid_json: counted.valid / score_rows, exact: counted.exact / score_rows };
  const fields = { colour: counted.colour / score_rows, thing: counted.thing / score_rows };
  assert.deepEqual(made.score, { ...parts, by_field: Object.entries(fields).map(([field, part]) => ({ field, part })) });
  const evaluation = join(rig.folder, 'evaluation.jsonl');
  const rows = ['--rows', String(score_rows)];
  assert.deepEqual(await rig.json('train', 'score', file, evaluation, ...rows), [{ ...parts, by_field: fields }]);
  assert.deepEqual(await rig.json('train', 'score', 'tiny:1', evaluation, ...rows), [{ ...parts, by_field: fields }]);
  assert.match((await rig.run('train', 'score', file, evaluation, ...rows)).stdout, /^rows +8\nvalid JSON +100\.0 %$/m);
  await rig.refused(2, /bad\.jsonl:2: /, 'train', 'score', file, rig.file('bad.jsonl', lines([...chat_rows(1, 1), '{}'])));
});

test('an export has the weights of the digest, in each type', async () => {
  const exported = {};
  for (const type of ['f32', 'f16', 'q8_0']) {
    const file = join(rig.folder, `export-${type}.gguf`);
    const child = await rig.run('train', 'export', made.id, file, '--type', type);
    assert.equal(child.code, 0, child.output);
    exported[type] = read_gguf(readFileSync(file));
  }

  assert.equal(weights_digest_of(exported.f32), made.weights_digest);
  assert.equal(digest_of(join(rig.folder, 'export-q8_0.gguf')), made.output_digest, 'q8_0 is what the run itself wrote');
  for (const [type, error_max] of [['f16', 2 ** -11], ['q8_0', 2 ** -7]]) {
    exported.f32.tensors.forEach((tensor, index) => {
      const other = exported[type].tensors[index];
      assert.equal(other.name, tensor.name);
      assert.equal(other.type, tensor.shape.length === 1 ? 'f32' : type, tensor.name);
      const [exact, rounded] = [numbers_of(tensor), numbers_of(other)];
      const largest = Math.max(...exact.map(Math.abs));
      const error = Math.max(...exact.map((value, at) => Math.abs(value - rounded[at])));
      assert.ok(error <= largest * error_max, `${tensor.name} as ${type} is off by ${error} of ${largest}`);
    });
  }
  await rig.refused(2, /--type/, 'train', 'export', made.id, join(rig.folder, 'none.gguf'), '--type', 'q4_0');
  await rig.refused(1, /none/, 'train', 'export', made.id, join(rig.folder, 'none', 'model.gguf'));
});

test('the same recipe makes the same weights, with one thread and with two; another seed makes others', async () => {
  const own = new TrainingRig();
  // A step of 64 rows is more than one thread computes at once.
  const recipe = (changes) => own.recipe({ batch: 64, steps_max: 4, evaluate_every: 2, ...changes });

  const one = await own.train(recipe({ threads: 1 }));
  const again = await own.train(recipe({ threads: 1 }));
  const two = await own.train(recipe({ threads: 2 }));
  const other = await own.train(recipe({ threads: 2, seed: 2 }));

  assert.deepEqual(outcome_of(again), outcome_of(one));
  assert.deepEqual(outcome_of(two), outcome_of(one));
  assert.deepEqual(own.curve(two.id), own.curve(one.id));
  assert.notEqual(other.weights_digest, one.weights_digest);
  assert.deepEqual([one, again, two, other].map(({ registered }) => registered), ['tiny:1', 'tiny:1', 'tiny:1', 'tiny:2']);
});

test(`kill -9 at ${kills} random moments while steps run, and the run ends as if nothing had been`, async (t) => {
  const random = random_from(seed);
  const step_ms = (1000 * made.trained_seconds) / steps;
  const checkpoints = new Set();
  let { child, id } = await rig.begin(t, whole);
  let not_in = 0;
  for (let round = 0; round < kills; ++round) {
    const from = rig.checkpoint_step(id);
    checkpoints.add(from);
    const step = Math.min(from + 1 + Math.floor(random() * 11), steps - 10);
    await rig.until_step({ child, id, step, not_in });
    await pause(random() * 2 * step_ms);
    await child.kill();
    assert.equal(child.signal, 'SIGKILL', `round ${round}: it ended before it was killed\n${child.output}`);
    const state = await rig.state(id);
    assert.equal(state.status, 'interrupted', `round ${round}`);
    assert.equal(state.steps % 5, 0, `round ${round}: the state is not of a checkpoint`);
    not_in = rig.curve_file(id);
    if (round + 1 < kills) child = rig.go_on(t, id);
  }

  const ended = await rig.resume(id);

  console.log(`# resumed from steps ${[...checkpoints].join(', ')}`);
  assert.ok(checkpoints.size > kills / 5, 'too few of the attempts reached a checkpoint to prove anything');
  assert.deepEqual(outcome_of(ended), outcome_of(made));
  assert.deepEqual(rig.curve(id), rig.curve(made.id));
  assert.deepEqual(ended.score, made.score);
  assert.equal(ended.registered, 'tiny:1', 'the same bytes are the same version');
  rig.assert_tidy(id);
});

test('kill -9 at any moment of a short life, from its first to its last, costs nothing but time', async () => {
  const random = random_from(seed + 1);
  const own = new TrainingRig();
  const recipe = own.recipe({ steps_max: 6, evaluate_every: 3, checkpoint_every: 2, score: { data: 'evaluation.jsonl', rows: 4 } });
  const begin = Date.now();
  const expected = await own.train(recipe);
  const whole_ms = Date.now() - begin;
  const rounds = Math.ceil(kills / 2);
  let resumed = 0;
  for (let round = 0; round < rounds; ++round) {
    const child = own.start('train', 'run', recipe);
    await pause(((round + random()) / rounds) * whole_ms);
    await child.kill();
    for (const { id, status } of await own.json('train', 'list')) {
      if (status !== 'done') resumed += 1;
      assert.ok(['interrupted', 'done'].includes(status), `round ${round}: ${status}`);
      const ended = status === 'done' ? await own.state(id) : await own.resume(id);
      assert.deepEqual(outcome_of(ended), outcome_of(expected), `round ${round}`);
      assert.deepEqual(own.curve(id), own.curve(expected.id), `round ${round}`);
      own.assert_tidy(id);
    }
  }

  console.log(`# ${resumed} of ${rounds} runs were killed before their end`);
  assert.ok(resumed > 0, 'none was killed in time to prove anything');
  const versions = await own.json('model', 'list');
  assert.deepEqual(versions.map(({ reference, digest }) => [reference, digest]), [['tiny:1', expected.output_digest]]);
  assert.equal((await own.run('model', 'verify')).code, 0);
});

test('SIGINT and SIGTERM write a checkpoint of the last step, and a resumed run ends the same', async (t) => {
  let { child, id } = await rig.begin(t, whole);
  let not_in = 0;
  for (const [signal, step] of [['SIGINT', 7], ['SIGTERM', 16]]) {
    await rig.until_step({ child, id, step, not_in });
    child.signal_with(signal);
    const { code, stdout, stderr } = await rig.ended(child);

    assert.equal(code, 1, stderr);
    assert.equal(stdout, '', 'there is no result yet');
    const [, stopped] = stderr.match(/stopped after step (\d+) of \d+; `forebay train resume (?:\S+)` goes on/) ?? [];
    assert.ok(Number(stopped) >= step, stderr);
    const state = await rig.state(id);
    assert.equal(state.status, 'interrupted');
    assert.equal(state.steps, Number(stopped));
    assert.equal(rig.checkpoint_step(id), Number(stopped));
    assert.equal(rig.steps(id), Number(stopped));
    not_in = rig.curve_file(id);
    child = rig.go_on(t, id);
  }
  const { code, output } = await rig.ended(child);

  assert.equal(code, 0, output);
  assert.deepEqual(outcome_of(await rig.state(id)), outcome_of(made));
  assert.deepEqual(rig.curve(id), rig.curve(made.id));
});

test('a run is run by one process at a time', async (t) => {
  const { child, id } = await rig.begin(t, whole);
  await rig.until_step({ child, id, step: 2 });
  child.signal_with('SIGSTOP'); // so that it cannot end meanwhile

  await rig.refused(1, new RegExp(`the run ${id} is being run by another process`), 'train', 'resume', id);
  await rig.refused(1, /is being run by another process/, 'train', 'export', id, join(rig.folder, 'early.gguf'));
  assert.equal((await rig.state(id)).status, 'running');
  child.signal_with('SIGCONT');
  const { code, output } = await rig.ended(child);

  assert.equal(code, 0, output);
  assert.deepEqual(outcome_of(await rig.state(id)), outcome_of(made));
});

test('a finished run that is resumed again changes nothing', async () => {
  // The state alone may say when it was looked at last.
  const kept = rig.files(made.id).filter((name) => !['lock', 'output', 'state.json'].includes(name));
  const digests = kept.map((name) => digest_of(rig.path(made.id, name)));
  const timeless = ({ ended_micros, ...rest }) => [rest, typeof ended_micros];
  const state = timeless(await rig.state(made.id));
  const files = rig.files(made.id);
  const versions = await rig.json('model', 'list');

  const again = await rig.resume(made.id);

  assert.deepEqual(timeless(again), state);
  assert.deepEqual(rig.files(made.id), files);
  assert.deepEqual(kept.map((name) => digest_of(rig.path(made.id, name))), digests);
  assert.equal(digest_of(model_file), made.output_digest);
  assert.deepEqual(await rig.json('model', 'list'), versions);
});

test('early stopping takes the model of the best evaluation, also in a run that was killed', async (t) => {
  // A rate that undoes what was learnt.
  const recipe = rig.recipe({
    name: 'stopped', steps_max: 80, evaluate_every: 2, early_stop: 5,
    learning_rate: { peak: 0.2, schedule: 'constant', warm_up: 0.5 },
  });

  const expected = await rig.train(recipe);

  const evaluated = rig.curve(expected.id).filter((point) => 'evaluation_loss' in point);
  const losses = evaluated.map(({ evaluation_loss }) => evaluation_loss);
  const best = losses.indexOf(Math.min(...losses));
  assert.equal(best, losses.length - 6, `it stops at the fifth evaluation after the best: ${losses}`);
  assert.ok(expected.steps < 80);
  assert.equal(expected.best_evaluation_loss, losses[best]);
  const file = join(rig.folder, 'best.gguf');
  assert.equal((await rig.run('train', 'export', expected.id, file, '--type', 'f32')).code, 0);
  assert.equal(weights_digest_of(read_gguf(readFileSync(file))), expected.weights_digest);
  // What the best model says of the evaluation's rows now is what it said then.
  const look = rig.recipe({
    name: 'look', base: file, architecture: undefined, steps_max: 1, evaluate_every: 1, learning_rate: { peak: 1e-12 },
  });
  const { evaluation_loss } = await rig.train(look);
  assert.ok(Math.abs(evaluation_loss - losses[best]) < 1e-3, `${evaluation_loss} is not ${losses[best]}`);

  const { child, id } = await rig.begin(t, recipe);
  await rig.until_step({ child, id, step: evaluated[best].step + 1 });
  await child.kill();
  assert.deepEqual(outcome_of(await rig.resume(id)), outcome_of(expected));
  assert.deepEqual(rig.curve(id), rig.curve(expected.id));
});

test('LoRA on the model: an adapter and a merged model, with the base in the lineage, also after a kill', async (t) => {
  const recipe = rig.recipe({
    name: 'tuned', base: 'tiny:1', architecture: undefined, method: 'lora', lora: { rank: 4, targets: ['attn_q', 'ffn_down'] },
    steps_max: 60,
    learning_rate: { peak: 0.02 }, score: { data: 'evaluation.jsonl', rows: score_rows },
  });

  const tuned = await rig.train(recipe);

  const adapter = read_gguf(readFileSync(rig.path(tuned.id, 'output', 'adapter.gguf')));
  const merged = read_gguf(readFileSync(rig.path(tuned.id, 'output', 'model.gguf')));
  const base = read_gguf(readFileSync(model_file));
  assert.equal(adapter.values['general.type'], 'adapter');
  assert.equal(adapter.values['adapter.type'], 'lora');
  assert.equal(adapter.values['adapter.lora.alpha'], 16);
  const targets = ['blk.0.attn_q', 'blk.0.ffn_down', 'blk.1.attn_q', 'blk.1.ffn_down'];
  const names = targets.flatMap((name) => ['a', 'b'].map((part) => `${name}.weight.lora_${part}`));
  assert.deepEqual(adapter.tensors.map(({ name }) => name).sort(), names);
  const changed = merged.tensors.filter(({ name, bytes }) => !base.tensors.find((one) => one.name === name).bytes.equals(bytes));
  assert.deepEqual(changed.map(({ name }) => name.replace('.weight', '')).sort(), targets);

  assert.ok(tuned.evaluation_loss < made.evaluation_loss, `${tuned.evaluation_loss} after ${made.evaluation_loss}`);
  const [root] = await rig.json('model', 'lineage', tuned.registered);
  assert.equal(root.version.kind, 'adapter');
  assert.equal(root.version.base_digest, made.output_digest);
  assert.deepEqual(root.version.evaluation.score.rows, score_rows);
  assert.deepEqual(root.parents.map(({ role, version }) => [role, version.reference]),
    [['base', 'tiny:1'], ['dataset', 'tiny-train:1'], ['dataset', 'tiny-evaluation:1']]);
  const [scored] = await rig.json('train', 'score', rig.path(tuned.id, 'output', 'model.gguf'),
    join(rig.folder, 'evaluation.jsonl'), '--rows', String(score_rows));
  assert.equal(scored.exact, tuned.score.exact);

  const { child, id } = await rig.begin(t, recipe);
  await rig.until_step({ child, id, step: 8 });
  await child.kill();
  assert.deepEqual(outcome_of(await rig.resume(id)), outcome_of(tuned));
});

test('data that changed between a kill and the resume is refused until it is put back', async (t) => {
  const own = new TrainingRig();
  const recipe = own.recipe({ steps_max: 60 });
  const expected = await own.train(recipe);
  const { child, id } = await own.begin(t, recipe);
  await own.until_step({ child, id, step: 6 });
  await child.kill();

  for (const name of ['train.jsonl', 'evaluation.jsonl']) {
    const file = join(own.folder, name);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.toString('utf8').replace('Order ', 'order '));
    await own.refused(1, new RegExp(`the data of run ${id} changed since it began`), 'train', 'resume', id);
    assert.equal(own.checkpoint_step(id), 5, 'the checkpoint is still there');
    writeFileSync(file, bytes);
  }

  assert.deepEqual(outcome_of(await own.resume(id)), outcome_of(expected));
  assert.deepEqual(own.curve(id), own.curve(expected.id));
});

test('a base that changed between a kill and the resume is refused', async (t) => {
  const own = new TrainingRig();
  const base = join(own.folder, 'base.gguf');
  copyFileSync(model_file, base);
  const changes = { name: 'tuned', base, architecture: undefined, method: 'lora', steps_max: 60 };
  const { child, id } = await own.begin(t, own.recipe(changes));
  await own.until_step({ child, id, step: 6 });
  await child.kill();
  const other = await own.train(own.recipe({ ...changes, steps_max: 1 }));
  copyFileSync(own.path(other.id, 'output', 'model.gguf'), base);

  await own.refused(1, /base/, 'train', 'resume', id);
  copyFileSync(model_file, base);
  assert.equal((await own.resume(id)).base_digest, made.output_digest);
});

test('a loss that is no number stops the run and keeps the last good checkpoint', async () => {
  const own = new TrainingRig();
  await own.refused(2, /learning_rate\.peak must be a number \(above 0, at most 10\)/, 'train', 'run', own.recipe({ learning_rate: { peak: 1e6 } }));
  assert.equal((await own.run('train', 'list', '--json')).stdout, '', 'a recipe out of range begins no run');
  // Each step multiplies the weights by nine.
  const recipe = own.recipe({
    steps_max: 80, checkpoint_every: 1, learning_rate: { peak: 10, schedule: 'constant', warm_up: 0.1 }, optimizer: { weight_decay: 1 },
  });

  const child = await own.refused(1, /at step \d+ the loss is .*nan.*: try a lower learning rate/, 'train', 'run', recipe);

  const step = Number(child.stderr.match(/error: at step (\d+) /)[1]);
  const [state] = await own.json('train', 'list');
  assert.equal(state.status, 'failed');
  assert.match(state.error, new RegExp(`^at step ${step} the loss is `));
  assert.equal(own.steps(state.id), step - 1);
  assert.ok(step > 1, 'nothing could be kept');
  assert.equal(own.checkpoint_step(state.id), step - 1);
  assert.ok(own.curve(state.id).every(({ train_loss }) => Number.isFinite(train_loss)));
  await own.refused(1, /nothing is named 'tiny'/, 'model', 'show', 'tiny');
  const file = join(own.folder, 'kept.gguf');
  assert.equal((await own.run('train', 'export', state.id, file, '--type', 'f32')).code, 0);
  for (const tensor of read_gguf(readFileSync(file)).tensors) {
    assert.ok(numbers_of(tensor).every(Number.isFinite), `${tensor.name} of the kept checkpoint is broken`);
  }
  await own.refused(1, new RegExp(`at step ${step} the loss is `), 'train', 'resume', state.id);
});

test('malformed rows are named with file and line before anything is trained', async () => {
  const own = new TrainingRig();
  const [first, second, ...rest] = chat_rows(20, 3);
  const no_answer = JSON.stringify({ messages: JSON.parse(second).messages.slice(0, 1) });
  const cases = [
    [{ train: own.file('cut.jsonl', lines([first, second.slice(0, 40), ...rest])) }, /cut\.jsonl:2: .*not JSON/],
    [{ train: own.file('half.jsonl', lines([first, '', no_answer, '[]', ...rest])) }, /half\.jsonl:3: .*1 more row/],
    [{ train: 'train.jsonl', evaluation: own.file('bad.jsonl', lines([first, '{"messages":[]}'])) }, /bad\.jsonl:2: /],
    [{ train: own.file('empty.jsonl', '\n') }, /empty\.jsonl has no rows/],
  ];
  for (const [data, pattern] of cases) {
    const child = await own.refused(2, pattern, 'train', 'run', own.recipe({ data }));
    assert.doesNotMatch(child.stderr, /training a tokenizer|^step/m, 'nothing is made of faulty data');
    const [{ id, status, error }] = await own.json('train', 'list');
    assert.equal(status, 'failed');
    assert.match(error, pattern);
    assert.deepEqual(own.curve(id), []);
  }
});

test('malformed rows of the score are named before anything is trained', async () => {
  const own = new TrainingRig();
  const score = { data: own.file('score.jsonl', lines([...chat_rows(2, 3), '{"messages":'])) };

  const child = await own.refused(2, /score\.jsonl:3: .*not JSON/, 'train', 'run', own.recipe({ score }));

  assert.doesNotMatch(child.stderr, /^step/m, 'a run is not trained to its end first');
});

test('a vocabulary of another size than the architecture is refused with both numbers; of the same size it is used', async () => {
  const own = new TrainingRig();
  const words = read_gguf(readFileSync(model_file)).values['tokenizer.ggml.tokens'];
  const { architecture } = JSON.parse(readFileSync(whole, 'utf8'));
  const recipe = (vocabulary) => own.recipe({
    steps_max: 2, evaluate_every: 2, tokenizer: { from: model_file }, architecture: { ...architecture, vocabulary },
  });

  const child = await own.refused(2, /make them equal/, 'train', 'run', recipe(words.length + 1));

  assert.match(child.stderr, new RegExp(`\\b${words.length} tokens\\b.*\\b${words.length + 1}\\b`));
  const fitting = await own.train(recipe(words.length));
  assert.deepEqual(read_gguf(readFileSync(fitting.output_file)).values['tokenizer.ggml.tokens'], words);
  await own.refused(2, /train\.jsonl is not a GGUF/, 'train', 'run', own.recipe({ tokenizer: { from: 'train.jsonl' } }));
});

test('a chat template that does not parse, or refuses the rows, is refused with its reason', async () => {
  const own = new TrainingRig();
  const broken = own.file('broken.jinja', '{% for message in messages %}{{ message.role }');
  const strict = "{% if messages[0]['role'] != 'system' %}{{ raise_exception('A system message must come first') }}{% endif %}";

  const unparsed = await own.refused(2, /chat template does not parse/, 'train', 'run', own.recipe({ chat_template: broken }));
  const refused = await own.refused(2, /chat template refused/, 'train', 'run', own.recipe({ chat_template_text: strict }));

  assert.doesNotMatch(unparsed.stderr + refused.stderr, /^step/m);
  assert.match(refused.stderr, /A system message must come first/);
  assert.doesNotMatch(unparsed.stderr, /std::exception/, 'a reason helps to find the fault');
});

test('a base that does not fit is refused with the reason, and what is no model is not registered', async () => {
  const own = new TrainingRig();
  const bytes = readFileSync(model_file);
  const at = (name) => join(own.folder, name);
  copyFileSync(model_file, at('good.gguf'));
  writeFileSync(at('gemma.gguf'), with_architecture(bytes, 'gemma'));
  writeFileSync(at('text.gguf'), lines(chat_rows(3, 1)));
  writeFileSync(at('cut.gguf'), bytes.subarray(0, bytes.length - 1000));
  const cases = [
    [2, /gemma\.gguf is of architecture 'gemma'; only 'llama'/, { base: at('gemma.gguf') }],
    [2, /text\.gguf' is not a GGUF/, { base: at('text.gguf') }],
    [2, /cut\.gguf/, { base: at('cut.gguf') }],
    [2, /the recipe's context of 129 tokens is above the base's 128/, { base: at('good.gguf'), context: 129 }],
    [1, /none\.gguf does not exist/, { base: at('none.gguf') }],
    [1, /nothing is named 'nobody'/, { base: 'nobody' }],
  ];
  for (const method of ['full', 'lora']) {
    for (const [code, pattern, changes] of cases) {
      const recipe = own.recipe({ architecture: undefined, method, ...changes });
      const child = await own.refused(code, pattern, 'train', 'run', recipe);
      assert.doesNotMatch(child.stderr, /^step/m);
    }
  }
  const listed = await own.run('model', 'list', '--json');
  const names = listed.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line).name);
  assert.deepEqual(names.filter((name) => ['text', 'cut'].includes(name)), [], 'what is no model is not kept as one');
  assert.equal(existsSync(own.path((await own.state('last')).id, 'curve.svg')), false);
});
