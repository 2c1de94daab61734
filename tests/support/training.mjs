// Training runs of the real binary: rows and recipes so small that a step takes milliseconds, and runs that are
// watched, killed and gone on with.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.mjs';
import { eventually, temporary_folder, within } from './eventually.mjs';
import { forebay, forebay_bin } from './forebay.mjs';

// mulberry32: the same seed gives the same numbers.
export function random_from(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const colours = ['red', 'green', 'blue', 'black', 'white', 'yellow'];
const things = ['boots', 'lamp', 'kettle', 'chair', 'radio'];

// Chats whose answer is a JSON object; as texts, one a line.
export function chat_rows(count, seed) {
  const random = random_from(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, () => {
    const [colour, thing, order] = [pick(colours), pick(things), Math.floor(random() * 1000)];
    const user = `I ordered a ${colour} ${thing} and it is late. Order ${order}.`;
    return JSON.stringify({ messages: [
      { role: 'user', content: user }, { role: 'assistant', content: JSON.stringify({ colour, thing }) },
    ] });
  });
}

export const lines = (rows) => rows.map((row) => `${row}\n`).join('');
const json_lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

// What a run must end in, however often it was stopped: no times, and nothing that names the run.
export function outcome_of({ steps, tokens, train_loss, evaluation_loss, best_evaluation_loss, weights_digest, output_digest }) {
  return { steps, tokens, train_loss, evaluation_loss, best_evaluation_loss, weights_digest, output_digest };
}

// A data folder of its own with rows and recipes beside it, and the commands in it.
export class TrainingRig {
  folder = temporary_folder('forebay-training');
  data = join(this.folder, 'data');
  env = process.env;

  constructor() {
    this.file('train.jsonl', lines(chat_rows(128, 1)));
    this.file('evaluation.jsonl', lines(chat_rows(32, 2)));
  }

  file(name, bytes) {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  // A model of 93,000 parameters from scratch. `changes` adds keys or replaces them; undefined removes one.
  recipe(changes = {}) {
    const whole = {
      name: 'tiny',
      base: 'from_scratch',
      architecture: { layers: 2, width: 64, heads: 2, kv_heads: 2, feed_forward: 96, vocabulary: 400, context: 128 },
      data: { train: 'train.jsonl', evaluation: 'evaluation.jsonl' },
      epochs: 1000,
      steps_max: 30,
      batch: 8,
      context: 128,
      learning_rate: { peak: 0.006 },
      checkpoint_every: 5,
      evaluate_every: 10,
      ...changes,
    };
    return this.recipe_text(JSON.stringify(whole, null, 1)); // JSON is YAML
  }

  recipe_text(text) {
    this.recipes = (this.recipes ?? 0) + 1;
    return this.file(`recipe-${this.recipes}.yaml`, text);
  }

  async run(...args) {
    return forebay([...args, '--data', this.data], { env: this.env });
  }

  // The JSON lines that a command prints.
  async json(...args) {
    const child = await this.run(...args, '--json');
    assert.equal(child.code, 0, `${child.name}\n${child.output}`);
    return json_lines(child.stdout);
  }

  async refused(code, pattern, ...args) {
    const child = await this.run(...args);
    assert.equal(child.code, code, `${child.name}\n${child.output}`);
    assert.match(child.stderr, pattern);
    return child;
  }

  // The state that a run ends in, which must be `done`.
  async train(recipe) {
    const [state] = await this.json('train', 'run', recipe);
    assert.equal(state.status, 'done', JSON.stringify(state));
    return state;
  }

  async resume(id) {
    const [state] = await this.json('train', 'resume', id);
    assert.equal(state.status, 'done', JSON.stringify(state));
    return state;
  }

  async state(id) {
    const [state] = await this.json('train', 'show', id);
    return state;
  }

  start(...args) {
    return new Child(forebay_bin, [...args, '--data', this.data], { env: this.env });
  }

  // A run under way: {child, id}. It is killed when the test ends before it does.
  async begin(scope, recipe) {
    const child = this.start('train', 'run', recipe);
    scope.after(() => child.kill());
    const [, id] = await child.says(/^run (\S+)$/m, { on: 'stderr' });
    return { child, id };
  }

  go_on(scope, id) {
    const child = this.start('train', 'resume', id);
    scope.after(() => child.kill());
    return child;
  }

  path(id, ...names) {
    return join(this.data, 'training', id, ...names);
  }

  files(id) {
    return readdirSync(this.path(id)).sort();
  }

  // The points so far, without the times, which differ from attempt to attempt.
  curve(id) {
    const text = readFileSync(this.path(id, 'curve.jsonl'), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return json_lines(whole).map(({ seconds, ...point }) => {
      assert.equal(typeof seconds, 'number');
      return point;
    });
  }

  // Which file the curve is: a run that goes on replaces it, cut, before its first step.
  curve_file(id) {
    return existsSync(this.path(id, 'curve.jsonl')) ? statSync(this.path(id, 'curve.jsonl')).ino : 0;
  }

  steps(id) {
    return this.curve(id).at(-1)?.step ?? 0;
  }

  // The step that a resumed run goes on from.
  checkpoint_step(id) {
    const steps = this.files(id).map((name) => Number(name.match(/^checkpoint-(\d+)\.bin$/)?.[1] ?? 0));
    return Math.max(...steps);
  }

  // Waits until the attempt `child` has done `step`; `not_in` is the curve that it found.
  async until_step({ child, id, step, not_in }) {
    await eventually(`step ${step} of ${id}`, () => {
      if (!child.running) return true;
      return this.curve_file(id) !== not_in && this.steps(id) >= step;
    }, { timeout_ms: 60_000, interval_ms: 2 });
    assert.ok(child.running, `${child.name} ended before step ${step}: ${child.code ?? child.signal}\n${child.output}`);
  }

  async ended(child) {
    await within(60_000, `the end of ${child.name}`, child.closed);
    return child;
  }

  // Nothing half written is left over from earlier attempts.
  assert_tidy(id) {
    assert.deepEqual(this.files(id).filter((name) => /\.(?:part|new)$/.test(name)), []);
  }
}
