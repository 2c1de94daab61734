// The npm package tiktoken behind standard input and output, for tokenizer_differential (tiktoken_peer.cpp has the form).
import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { ensure_peers } from '../../bench/tokenizer/peers.mjs';

ensure_peers();
const require = createRequire(fileURLToPath(new URL('../../bench/tokenizer/', import.meta.url)));

// What tiktoken's o200k_harmony adds to o200k_base (tiktoken_ext/openai_public.py).
function harmony_specials() {
  const named = { startoftext: 199998, return: 200002, constrain: 200003, channel: 200005, start: 200006, end: 200007 };
  const all = Object.entries({ ...named, message: 200008, call: 200012 });
  for (const id of [200000, 200001, 200004, 200009, 200010, 200011]) all.push([`reserved_${id}`, id]);
  for (let id = 200013; id < 201088; ++id) all.push([`reserved_${id}`, id]);
  return Object.fromEntries(all.map(([name, id]) => [`<|${name}|>`, id]));
}

const { get_encoding } = require('tiktoken');
const name = process.argv[2];
const tokenizer = name === 'o200k_harmony' ? get_encoding('o200k_base', harmony_specials()) : get_encoding(name);

function read_bytes(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const got = readSync(0, bytes, at, size - at, null);
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}

const read_number = () => read_bytes(4).readUInt32LE(0);

function encoded(text, specials) {
  try {
    return specials ? tokenizer.encode(text, 'all') : tokenizer.encode_ordinary(text);
  } catch {
    return undefined;
  }
}

for (;;) {
  const specials = read_number() === 1;
  const texts = [];
  for (let count = read_number(); count > 0; --count) texts.push(read_bytes(read_number()).toString('utf8'));
  const parts = texts.map((text) => {
    const ids = encoded(text, specials);
    if (ids === undefined) return Buffer.from([255, 255, 255, 255]);
    const bytes = Buffer.alloc(4 + 4 * ids.length);
    bytes.writeUInt32LE(ids.length, 0);
    Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).copy(bytes, 4);
    return bytes;
  });
  const answer = Buffer.concat(parts);
  for (let at = 0; at < answer.length; ) at += writeSync(1, answer, at);
}
