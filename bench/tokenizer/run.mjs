// How fast texts become tokens: ours beside the published tokenizers and llama.cpp's, in one run. README.md says how.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { make_contestants } from './contestants.mjs';
import { corpus_folder, ensure_corpus } from './corpus.mjs';
import { ensure_peers } from './peers.mjs';
import { machine, tables } from './report.mjs';
import { corpus_slices, quick_slices, worst_texts, write_documents } from './texts.mjs';

const all_encodings = 'o200k_base,cl100k_base,qwen2,llama-bpe';
const quick_encodings = 'o200k_base,qwen2';

const help = `node bench/tokenizer/run.mjs [options]

  --rounds N         rounds of each measurement (5)
  --encodings LIST   of ${all_encodings} (all)
  --only LIST        of speed,start,latency,worst,probe (all)
  --ours             leave the peers away
  --worst-limit N    seconds that a peer may take for 1 MiB of a worst case (10)
  --quick            small texts of this repository, one round, ${quick_encodings}, ours alone in the worst cases
  --json             the figures as JSON on stdout, the tables on stderr
  --help             this text

The texts come from Debian packages (bench/tokenizer/corpus.mjs lists them); --quick needs none.
Environment: FOREBAY_BIN, a forebay beside which tokenizer_bench lies; FOREBAY_CACHE.`;

function options_of(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string' },
      encodings: { type: 'string' },
      only: { type: 'string', default: 'speed,start,latency,worst,probe' },
      ours: { type: 'boolean', default: false },
      'worst-limit': { type: 'string', default: '10' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
    encodings: (values.encodings ?? (values.quick ? quick_encodings : all_encodings)).split(','),
    only: values.only.split(','),
    worst_limit_ms: Number(values['worst-limit']) * 1000,
  };
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const middle = (values) => sorted(values)[values.length >> 1];
const alternately = (round, list) => (round % 2 === 0 ? list : [...list].reverse());

// {contestant: {median, best}} in MB/s. Ours is quick, so that it passes several times in its turn.
async function passes(contestants, kind, path, rounds) {
  const all = new Map(contestants.map((one) => [one, []]));
  for (let round = 0; round < rounds; ++round) {
    for (const one of alternately(round, contestants)) {
      for (let turn = 0; turn < (one.ours ? 5 : 1); ++turn) {
        const { bytes, seconds } = await one.get(`pass ${kind} ${path}`);
        all.get(one).push(bytes / seconds / 1e6);
      }
    }
  }
  return Object.fromEntries([...all].map(([one, speeds]) => [one.name, { median: middle(speeds), best: Math.max(...speeds) }]));
}

// Speeds of one group on one slice, after checking that all say the same; that also warms them up.
async function measure_slice(contestants, path, rounds) {
  const said = [];
  for (const one of contestants) said.push({ name: one.name, ...(await one.get(`digest ${path}`)) });
  const different = said.filter(({ digest, tokens }) => digest !== said[0].digest || tokens !== said[0].tokens);
  const result = { tokens: said[0].tokens, different: different.map(({ name, tokens }) => `${name}: ${tokens} tokens`) };
  result.cold = await passes(contestants, 'cold', path, rounds);
  result.warm = await passes(contestants, 'warm', path, rounds);
  result.count = await passes(contestants.filter(({ ours }) => ours), 'count', path, rounds);
  return result;
}

async function measure_start(contestants, rounds) {
  const result = {};
  for (const one of contestants) {
    const opened = [];
    for (let round = 0; round < rounds; ++round) opened.push((await one.start()).open_ms);
    result[one.name] = middle(opened);
  }
  return result;
}

async function measure_latency(contestants, path, quick) {
  const result = {};
  for (const one of contestants) {
    await one.get(`latency ${path} ${quick ? 10 : 300}`);
    const { p50_us, p99_us } = await one.get(`latency ${path} ${quick ? 50 : one.ours ? 20_000 : 2000}`);
    result[one.name] = { p50_us, p99_us };
  }
  return result;
}

// Nanoseconds per byte, or why there is none. Each text starts cold; ours is the median of a few.
async function measure_worst(contestants, paths, limit_ms) {
  const result = {};
  for (const [text, path] of Object.entries(paths)) {
    result[text] = {};
    for (const one of contestants) {
      const taken = [];
      for (let turn = 0; turn < (one.ours ? 5 : 1); ++turn) {
        const answer = await one.ask(`pass cold ${path}`, one.ours ? 300_000 : limit_ms);
        taken.push(answer.error ? answer : (answer.seconds / answer.bytes) * 1e9);
        if (answer.error) break;
      }
      const failed = taken.find((each) => each.error);
      result[text][one.name] = failed ? { error: failed.error.slice(0, 200) } : middle(taken);
    }
  }
  return result;
}

async function measure_group(contestants, texts, options) {
  const result = {};
  const wants = (what) => options.only.includes(what);
  if (wants('start')) result.start_ms = await measure_start(contestants, Math.min(options.rounds, 3));
  if (wants('speed')) {
    result.slices = {};
    for (const [slice, path] of Object.entries(texts.slices)) {
      result.slices[slice] = await measure_slice(contestants, path, options.rounds);
    }
  }
  if (wants('latency')) result.latency = await measure_latency(contestants, texts.slices.english, options.quick);
  if (wants('probe')) {
    result.probe = {};
    const ours = contestants.find((one) => one.ours);
    for (const [slice, path] of Object.entries(texts.slices)) {
      const { bytes, seconds, split_seconds, pieces, found } = await ours.get(`probe ${path}`);
      result.probe[slice] = {
        mb_s: bytes / seconds / 1e6,
        split_mb_s: bytes / split_seconds / 1e6,
        bytes_a_piece: bytes / pieces,
        found_part: found / pieces,
      };
    }
  }
  if (wants('worst')) {
    const tried = options.quick ? contestants.filter((one) => one.ours) : contestants;
    const english = await measure_worst(tried, { english: texts.slices.english }, 60_000);
    result.worst = { ...english, ...(await measure_worst(tried, texts.worst, options.worst_limit_ms)) };
  }
  for (const one of contestants) one.stop();
  return result;
}

function write_texts(folder, options) {
  const slices = options.quick ? quick_slices() : corpus_slices();
  const worst = worst_texts(options.quick ? 2 ** 16 : 2 ** 20);
  const paths = { slices: {}, worst: {} };
  const write = (group, name, documents) => {
    paths[group][name] = join(folder, `${group}-${name.replace(/\W+/g, '-')}`);
    write_documents(paths[group][name], documents);
  };
  for (const [name, documents] of Object.entries(slices)) write('slices', name, documents);
  for (const [name, text] of Object.entries(worst)) write('worst', name, [text]);
  return paths;
}

const options = options_of(process.argv.slice(2));
if (options.help) {
  console.log(help);
} else {
  ensure_peers();
  if (!options.quick) ensure_corpus();
  const folder = mkdtempSync(join(tmpdir(), 'forebay-tokenizer-bench-'));
  let groups = {};
  try {
    const texts = write_texts(folder, options);
    groups = make_contestants(options.encodings, folder);
    const report = { machine: machine(), options, corpus: options.quick ? 'this repository' : corpus_folder().split('/').at(-1), groups: {} };
    for (const [encoding, contestants] of Object.entries(groups)) {
      if (process.stderr.isTTY) process.stderr.write(`${encoding} …\n`);
      const tried = contestants.filter((one) => one.ours || !options.ours);
      report.groups[encoding] = await measure_group(tried, texts, options);
    }
    if (options.json) console.error(tables(report));
    console.log(options.json ? JSON.stringify(report, null, 2) : tables(report));
    const slices = Object.values(report.groups).flatMap((group) => Object.values(group.slices ?? {}));
    if (slices.some(({ different }) => different.length > 0)) process.exitCode = 1;
  } finally {
    for (const one of Object.values(groups).flat()) one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
