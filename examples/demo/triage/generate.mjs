// Writes the synthetic support-desk triage data. README.md says what the files are; --help how to call this.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { answer_for, intents, prompts } from './answer.mjs';
import { compose } from './compose.mjs';
import { languages } from './languages.mjs';
import { base_products, product_names } from './products.mjs';
import { Random } from './random.mjs';

const usage = `node generate.mjs --out DIR [options]

Writes a synthetic support-desk triage data set as JSON lines. The same options give the same bytes.

  --out DIR         where the files go; made if missing
  --seed N          default 1
  --train N         rows of train.jsonl, default 24000
  --train-2025 N    rows of train-2025.jsonl, default 60000
  --base N          rows of base.jsonl, default 12000
  --finetune N      rows of finetune.jsonl, default 4000
  --evaluation N    rows of evaluation.jsonl, default 600
  --heldout N       messages of heldout.jsonl, each under three prompts, default 600
  --typo-rate X     share of messages with a typo or two, default 0.2

Example:
  node generate.mjs --out data/triage --seed 7 --train 20000
`;

// What was collected before the shop changed its order numbers. 'train' is train-2025.jsonl: names seed the random numbers.
const old_files = ['base', 'train'];

const language_weights = { en: 88, de: 4, es: 4, fr: 4 };
const variant_weights = { v3: 70, v2: 20, v1: 10 };

// The intent sentences of one split as [{id, text}]. `half`: every other one, what base.jsonl knows.
export function templates_of(language, intent, split, half = false) {
  const texts = languages[language].intents[intent][split];
  const all = texts.map((text, index) => ({ id: `${intent}.${language}.${split}.${String(index + 1).padStart(2, '0')}`, text }));
  return half ? all.filter((_, index) => index % 2 === 0) : all;
}

// `count` different messages; intents take turns, and so do the templates of an intent.
function messages(name, count, split, options) {
  const random = new Random(options.seed, name);
  const half = name === 'base';
  const year = old_files.includes(name) ? '2025' : '2026';
  const seen = new Set();
  const turns = new Map();
  const out = [];
  while (out.length < count) {
    const intent = intents[out.length % intents.length];
    const known = Object.fromEntries(Object.entries(language_weights).filter(([language]) => languages[language]));
    const language = half ? 'en' : random.weighted(known);
    const templates = templates_of(language, intent, split, half);
    const turn = turns.get(`${intent}.${language}`) ?? random.below(templates.length);
    turns.set(`${intent}.${language}`, turn + 1);
    const template = templates[turn % templates.length];
    const mixed = language !== 'en' && random.chance(0.12) ? 'en' : undefined;
    const wanted = half ? base_products : product_names;
    const wish = { split, intent, language, mixed, template, products: wanted, half, year, typo_rate: options.typo_rate };
    const one = compose(random, wish);
    if (seen.has(one.message)) continue;
    seen.add(one.message);
    out.push({ ...one, template: template.id });
  }
  return { random, list: out };
}

function row({ message, facts, template }, variant, convention) {
  const content = answer_for(convention, facts, message);
  const turns = [
    { role: 'system', content: prompts[variant] },
    { role: 'user', content: message },
    { role: 'assistant', content },
  ];
  return JSON.stringify({ messages: turns, template, variant });
}

// Training rows answer by their own prompt's convention.
function training_rows(name, count, options) {
  const { random, list } = messages(name, count, 'train', options);
  return random.shuffled(list).map((one) => {
    const variant = name === 'finetune' ? 'v3' : random.weighted(variant_weights);
    return row(one, variant, variant);
  });
}

// {file name: rows}. Held-out rows carry today's answers under every prompt.
export function generate(options) {
  const heldout = messages('heldout', options.heldout, 'heldout', options).list;
  const files = {
    'train.jsonl': training_rows('train-2026', options.train, options),
    'train-2025.jsonl': training_rows('train', options.train_2025, options),
    'base.jsonl': training_rows('base', options.base, options),
    'finetune.jsonl': training_rows('finetune', options.finetune, options),
    'evaluation.jsonl': messages('evaluation', options.evaluation, 'evaluation', options).list.map((one) => row(one, 'v3', 'v3')),
  };
  for (const variant of Object.keys(prompts)) files[`heldout-${variant}.jsonl`] = heldout.map((one) => row(one, variant, 'v3'));
  files['heldout.jsonl'] = Object.keys(prompts).flatMap((variant) => files[`heldout-${variant}.jsonl`]);
  return files;
}

class UsageError extends Error {}

function number_option(values, name, fallback, most = Infinity) {
  const number = values[name] === undefined ? fallback : Number(values[name]);
  const whole = most === Infinity ? Number.isInteger(number) : true;
  if (!(number >= 0 && number <= most && whole)) throw new UsageError(`--${name} takes a number, not '${values[name]}'`);
  return number;
}

function options_of(args) {
  const text = { type: 'string' };
  const names = ['out', 'seed', 'train', 'train-2025', 'base', 'finetune', 'evaluation', 'heldout', 'typo-rate'];
  const wanted = { ...Object.fromEntries(names.map((name) => [name, text])), help: { type: 'boolean', short: 'h' } };
  let values;
  try {
    ({ values } = parseArgs({ args, options: wanted }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  if (!values.help && values.out === undefined) throw new UsageError('--out DIR is missing');
  return {
    help: values.help,
    out: values.out,
    seed: number_option(values, 'seed', 1),
    train: number_option(values, 'train', 24_000),
    train_2025: number_option(values, 'train-2025', 60_000),
    base: number_option(values, 'base', 12_000),
    finetune: number_option(values, 'finetune', 4000),
    evaluation: number_option(values, 'evaluation', 600),
    heldout: number_option(values, 'heldout', 600),
    typo_rate: number_option(values, 'typo-rate', 0.2, 1),
  };
}

function main(args) {
  const options = options_of(args);
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  mkdirSync(options.out, { recursive: true });
  for (const [name, rows] of Object.entries(generate(options))) {
    const text = rows.map((line) => `${line}\n`).join('');
    writeFileSync(join(options.out, name), text);
    const digest = createHash('sha256').update(text).digest('hex');
    console.log(`${name.padEnd(18)} ${String(rows.length).padStart(6)} rows  ${digest.slice(0, 16)}`);
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`error: ${error.message}; --help says more\n`);
    process.exitCode = 2;
  }
}
