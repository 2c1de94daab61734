// Training by other programs: a command of the user's, and a fine-tuning API. What comes of it, and that a kill neither
// loses nor doubles what it costs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { alive } from '../support/forebay.mjs';
import { start_fine_tuning_api } from '../support/fine_tuning_api.mjs';
import { TrainingRig } from '../support/training.mjs';

const digest_of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

// A trainer that learns nothing: it copies its base, and tells losses. Its checkpoint is the number of steps.
const trainer = `
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const { FOREBAY_OUTPUT: output, FOREBAY_BASE: base } = process.env;
const [last, then] = [Number(process.argv[2]), process.argv[3]];
writeFileSync(output + '/environment.json', JSON.stringify(process.env));
writeFileSync(output + '/pid', String(process.pid));
process.on('SIGTERM', () => { console.error('asked to stop'); process.exit(0); });
const saved = output + '/saved';
const from = process.env.FOREBAY_RESUME === '1' && existsSync(saved) ? Number(readFileSync(saved, 'utf8')) : 0;
console.log('training from step ' + from);
for (let step = from + 1; step <= last; ++step) {
  const line = { step, loss: 4 / step, learning_rate: 0.001, gradient_norm: 1, tokens: 10 * step, total_steps: 12 };
  if (step % 4 === 0) line.eval_loss = 5 / step;
  console.log(JSON.stringify(line));
  if (step % 4 === 0) writeFileSync(saved, String(step));
  if (step === 10 && then === 'waits' && process.env.FOREBAY_RESUME === '0') await new Promise((resolve) => setInterval(resolve, 1 << 30));
}
if (then === 'fails') { console.error('the optimizer went away'); process.exit(3); }
if (then === 'leaves nothing') process.exit(0);
if (then === 'leaves text') writeFileSync(output + '/model.gguf', 'This is no model.');
else copyFileSync(base, output + '/model.gguf');
writeFileSync(output + '/metrics.json', JSON.stringify({ accuracy: 0.75, rows: 32 }));
`;

const rig = new TrainingRig();
rig.env = { ...process.env, SECRET_OF_MINE: 'hush', WANTED: 'yes', FINE_TUNING_KEY: 'sk-test-0123456789' };
rig.file('trainer.mjs', trainer);
let base;
before(async () => {
  const made = await rig.train(rig.recipe({ name: 'base', steps_max: 2 }));
  base = join(rig.folder, 'base.gguf');
  copyFileSync(made.output_file, base);
});

function command_recipe(steps, then, changes = {}) {
  return rig.recipe({
    name: 'own', base, architecture: undefined,
    driver: { kind: 'command', command: [process.execPath, './trainer.mjs', String(steps), then], pass_on: ['WANTED'] },
    ...changes,
  });
}

const points_to = (last) => Array.from({ length: last }, (_, index) => {
  const step = index + 1;
  const point = { step, learning_rate: 0.001, train_loss: 4 / step, gradient_norm: 1, tokens: 10 * step };
  return step % 4 === 0 ? { ...point, evaluation_loss: 5 / step } : point;
});

test('a command gets the recipe and the data, and what it makes is registered with its metrics', async () => {
  const state = await rig.train(command_recipe(12, 'ends', { score: { data: 'evaluation.jsonl', rows: 2 } }));

  assert.equal(state.steps, 12);
  assert.equal(state.steps_planned, 12);
  assert.equal(state.score.rows, 2);
  assert.deepEqual(rig.curve(state.id), points_to(12));
  assert.match(readFileSync(rig.path(state.id, 'curve.svg'), 'utf8'), /^<svg /);
  assert.match(readFileSync(rig.path(state.id, 'log.txt'), 'utf8'), /^training from step 0$/m);

  const given = JSON.parse(readFileSync(rig.path(state.id, 'output', 'environment.json'), 'utf8'));
  assert.equal(given.FOREBAY_RECIPE, rig.path(state.id, 'recipe.yaml'));
  assert.equal(given.FOREBAY_TRAIN, join(rig.folder, 'train.jsonl'));
  assert.equal(given.FOREBAY_EVALUATION, join(rig.folder, 'evaluation.jsonl'));
  assert.equal(given.FOREBAY_BASE, base);
  assert.equal(given.FOREBAY_OUTPUT, rig.path(state.id, 'output'));
  assert.equal(given.FOREBAY_RESUME, '0');
  assert.equal(given.WANTED, 'yes');
  assert.equal(given.SECRET_OF_MINE, undefined, 'the environment is not passed on');

  const [{ version, parents }] = await rig.json('model', 'lineage', state.registered);
  assert.equal(version.digest, digest_of(base));
  assert.deepEqual(version.evaluation.trainer, { accuracy: 0.75, rows: 32 });
  assert.equal(version.base_digest, digest_of(base));
  assert.deepEqual(version.dataset_digests, ['train', 'evaluation'].map((split) => digest_of(join(rig.folder, `${split}.jsonl`))));
  assert.deepEqual(parents.map(({ role }) => role), ['base', 'dataset', 'dataset']);
});

test('a command that fails, or leaves no whole model, fails the run with what it said', async () => {
  const cases = [
    [1, 'fails', /exited with code 3.*\n(?:.*\n)*.*the optimizer went away/],
    [2, 'leaves nothing', /neither model\.gguf nor adapter\.gguf/],
    [2, 'leaves text', /what the command left cannot be used: .*model\.gguf/],
  ];
  const versions = await rig.json('model', 'list');
  for (const [code, then, pattern] of cases) {
    await rig.refused(code, pattern, 'train', 'run', command_recipe(5, then));
    const [{ id, status, error }] = await rig.json('train', 'list');
    assert.equal(status, 'failed');
    assert.match(error, pattern);
    assert.deepEqual(rig.curve(id), points_to(5), 'what it measured is kept');
  }
  await rig.refused(2, /no program|not.*found|No such/i, 'train', 'run',
    command_recipe(1, 'ends', { driver: { kind: 'command', command: ['./nowhere'] } }));
  assert.deepEqual(await rig.json('model', 'list'), versions);
});

test('kill -9 takes the command along, and a resumed run goes on from what it had saved', async (t) => {
  const { child, id } = await rig.begin(t, command_recipe(12, 'waits'));
  await rig.until_step({ child, id, step: 9 }); // step 10 may still get more
  const pid = Number(readFileSync(rig.path(id, 'output', 'pid'), 'utf8'));
  assert.ok(alive(pid));

  await child.kill();
  await eventually('the end of the command', () => !alive(pid));
  assert.equal((await rig.state(id)).status, 'interrupted');
  const state = await rig.resume(id);

  assert.equal(state.steps, 12);
  assert.deepEqual(rig.curve(id), points_to(12), 'each step once, although steps 9 and 10 were told twice');
  assert.match(readFileSync(rig.path(id, 'log.txt'), 'utf8'), /^training from step 0$[^]*^training from step 8$/m);
});

test('SIGINT asks the command to stop, and the run waits for its resume', async (t) => {
  const { child, id } = await rig.begin(t, command_recipe(12, 'waits'));
  await rig.until_step({ child, id, step: 9 }); // step 10 may still get more

  child.signal_with('SIGINT');
  const { code, stderr } = await rig.ended(child);

  assert.equal(code, 1);
  assert.match(stderr, /asked to stop/);
  assert.match(stderr, /stopped; the command .* goes on from what it saved when the run is resumed/);
  assert.equal((await rig.state(id)).status, 'interrupted');
  await rig.resume(id);
  assert.deepEqual(rig.curve(id), points_to(12));
});

test('a finished command is not run again by another resume', async () => {
  const state = await rig.train(command_recipe(12, 'ends'));
  const versions = await rig.json('model', 'list');

  const again = await rig.resume(state.id);

  assert.equal(again.output_digest, state.output_digest);
  assert.equal(again.registered, state.registered);
  assert.deepEqual(rig.curve(state.id), points_to(12));
  assert.deepEqual(await rig.json('model', 'list'), versions);
  const log = readFileSync(rig.path(state.id, 'log.txt'), 'utf8');
  assert.equal(log.match(/training from step/g).length, 1, 'hours of training are not spent again');
});

function hosted_recipe(api, changes = {}) {
  return rig.recipe({
    name: 'hosted', base: undefined, architecture: undefined, steps_max: 0, epochs: 3,
    driver: { kind: 'openai', base_url: api.base_url, model: 'gpt-4o-mini-2024-07-18', api_key: '${env:FINE_TUNING_KEY}' },
    ...changes,
  });
}

// All that one run may have made at the API, however often it was killed.
function assert_made_once(api, id) {
  assert.deepEqual(api.refusals, []);
  assert.deepEqual(api.files.map(({ filename }) => filename), [`${id}-train.jsonl`, `${id}-evaluation.jsonl`]);
  for (const [index, split] of ['train', 'evaluation'].entries()) {
    assert.equal(api.files[index].content, readFileSync(join(rig.folder, `${split}.jsonl`), 'utf8'));
  }
  assert.equal(api.jobs.length, 1);
  const [{ body }] = api.jobs;
  assert.equal(body.training_file, 'file-1');
  assert.equal(body.validation_file, 'file-2');
}

function every_file(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.path, entry.name));
}

test('a fine-tuning API gets the files and one job, and its events become the curve', async (t) => {
  const api = await start_fine_tuning_api(t);
  api.tell_steps(130, 130); // more than one page

  const child = await rig.run('train', 'run', hosted_recipe(api), '--json');

  assert.equal(child.code, 0, child.output);
  const state = JSON.parse(child.stdout);
  assert.equal(state.status, 'done');
  assert.equal(state.registered, api.fine_tuned_model);
  assert.equal(state.remote_job, 'ftjob-1');
  assert.equal(state.tokens, 5768);
  assert_made_once(api, state.id);
  assert.deepEqual(api.jobs[0].body, {
    model: 'gpt-4o-mini-2024-07-18', training_file: 'file-1', validation_file: 'file-2', suffix: 'hosted', seed: 1,
    method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3, batch_size: 8, learning_rate_multiplier: 'auto' } } },
  });
  const points = rig.curve(state.id);
  assert.deepEqual(points.map(({ step, train_loss }) => [step, train_loss]), points.map((_, index) => [index + 1, 2 / (index + 1)]));
  assert.equal(points.length, 130);
  assert.deepEqual(points.filter((point) => 'evaluation_loss' in point).map(({ step, evaluation_loss }) => [step, evaluation_loss]),
    Array.from({ length: 26 }, (_, index) => [5 * (index + 1), 0.5 / (index + 1)]));
  assert.match(child.stderr, /Fine-tuning job started/);
  assert.ok(existsSync(rig.path(state.id, 'curve.svg')));

  assert.ok(!child.output.includes(api.key), 'the key is said');
  const files = every_file(rig.data);
  assert.ok(files.includes(rig.path(state.id, 'recipe.yaml')));
  assert.deepEqual(files.filter((file) => readFileSync(file).includes(api.key)), [], 'the key is written down');
});

// Each request that matters is killed twice: before the API has done what it asks, and after, when only the answer is
// missing.
for (const done of [false, true]) {
  for (const [kind, count] of [['POST /files', 1], ['POST /files', 2], ['POST /fine_tuning/jobs', 1], ['GET /fine_tuning/jobs/ID', 1],
    ['GET /fine_tuning/jobs/ID/events', 1]]) {
    test(`kill -9 ${done ? 'after' : 'before'} the API did ${kind}, number ${count}, uploads nothing twice and makes one job`, async (t) => {
      const api = await start_fine_tuning_api(t);
      api.tell_steps(12, 12);
      const respond = api.respond.bind(api);
      api.respond = async (request, response) => {
        const nth = api.seen.filter((one) => one === kind).length + 1;
        api.hold = nth === count && !api.held ? { kind, done } : null;
        return respond(request, response);
      };
      const { child, id } = await rig.begin(t, hosted_recipe(api));
      await eventually(`${kind} number ${count}`, () => api.held || !child.running);
      assert.ok(child.running && api.held, child.output);
      await child.kill();
      assert.equal((await rig.state(id)).status, 'interrupted');
      const seen = api.seen.length;

      const state = await rig.resume(id);

      assert_made_once(api, id);
      assert.equal(state.registered, api.fine_tuned_model);
      assert.deepEqual(rig.curve(id).map(({ step }) => step), Array.from({ length: 12 }, (_, index) => index + 1));
      const { length } = api.seen;
      assert.ok(length > seen, 'the resumed run asked the API');
      const again = await rig.resume(id);
      assert_made_once(api, id);
      assert.equal(again.registered, state.registered);
      assert.deepEqual(api.seen.slice(length).filter((one) => one.startsWith('POST')), []);
    });
  }
}

test('kill -9 while the job runs, and a resumed run follows the same job to its end', async (t) => {
  const api = await start_fine_tuning_api(t);
  api.status = 'running';
  api.tell_steps(5, 12);
  const { child, id } = await rig.begin(t, hosted_recipe(api));
  await rig.until_step({ child, id, step: 5 });
  await child.kill();
  assert.equal((await rig.state(id)).remote_job, 'ftjob-1');
  assert.deepEqual(rig.curve(id).map(({ step }) => step), [1, 2, 3, 4, 5]);
  const seen = api.seen.length;
  api.status = 'succeeded';
  api.tell_steps(12, 12);

  const state = await rig.resume(id);

  assert.deepEqual(api.seen.slice(seen), ['GET /fine_tuning/jobs/ID', 'GET /fine_tuning/jobs/ID/events']);
  assert_made_once(api, id);
  assert.equal(state.steps, 12);
  assert.deepEqual(rig.curve(id).map(({ step, train_loss }) => [step, train_loss]),
    Array.from({ length: 12 }, (_, index) => [index + 1, 2 / (index + 1)]));
});

test('SIGINT leaves the job at the API and says how to cancel it', async (t) => {
  const api = await start_fine_tuning_api(t);
  api.status = 'running';
  const { child, id } = await rig.begin(t, hosted_recipe(api));
  await child.says(/job ftjob-1: running/, { on: 'stderr' });

  child.signal_with('SIGINT');
  const { code, stderr } = await rig.ended(child);

  assert.equal(code, 1);
  assert.ok(stderr.includes(`POST ${api.base_url}/fine_tuning/jobs/ftjob-1/cancel`), stderr);
  assert.equal((await rig.state(id)).status, 'interrupted');
  assert.deepEqual(api.seen.filter((kind) => /cancel/.test(kind)), []);
  api.status = 'succeeded';
  assert.equal((await rig.resume(id)).registered, api.fine_tuned_model);
  assert_made_once(api, id);
});

test('a job that failed, a key that is wrong and a key that is written out are refused with the reason', async (t) => {
  const api = await start_fine_tuning_api(t);
  api.status = 'failed';
  api.error = { code: 'exceeded_quota', message: 'You have used up your plan.', param: null };

  await rig.refused(1, /the fine-tuning job ftjob-1 failed: You have used up your plan\. \(exceeded_quota\)/, 'train', 'run', hosted_recipe(api));
  const [failed] = await rig.json('train', 'list');
  assert.equal(failed.status, 'failed');
  assert_made_once(api, failed.id);

  api.key = 'sk-another';
  const wrong = await rig.run('train', 'run', hosted_recipe(api));
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /answered 401: Incorrect API key provided.*driver\.api_key/);
  assert.equal(api.seen.filter((kind) => kind === 'POST /files').length, 3, 'it is not tried again');

  const written_out = hosted_recipe(api, {
    driver: { kind: 'openai', base_url: api.base_url, model: 'm', api_key: 'sk-written-out' },
  });
  const refused = await rig.refused(2, /api_key/, 'train', 'run', written_out);
  assert.ok(!refused.output.includes('sk-written-out'), refused.output);
  await rig.refused(2, /from_scratch/, 'train', 'run', hosted_recipe(api, { base: 'from_scratch', architecture: { layers: 1 } }));
});

test('a run says who trained it', async (t) => {
  const api = await start_fine_tuning_api(t);
  const recipes = {
    local: rig.recipe({ steps_max: 1 }), command: command_recipe(1, 'ends'), openai: hosted_recipe(api),
  };
  for (const [driver, recipe] of Object.entries(recipes)) {
    assert.equal((await rig.train(recipe)).driver, driver);
  }
});
