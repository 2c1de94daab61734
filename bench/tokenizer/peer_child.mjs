// One peer in a process of its own, asked by lines on standard input; an answer is a line of JSON. The same
// questions as tokenizer_bench takes (tokenizer_bench.cpp).
import { createInterface } from 'node:readline';

import { peers } from './peers.mjs';
import { read_documents } from './texts.mjs';

const [name, encoding, file] = process.argv.slice(2);
const started = performance.now();
const peer = await peers[name](encoding, file);
const first = await peer.count('Hello world');
const open_ms = performance.now() - started;

let loaded = {};
function documents_in(path) {
  if (loaded.path !== path) {
    const bytes = read_documents(path);
    // Invalid bytes cannot be given to these; they get U+FFFD for them.
    loaded = { path, texts: bytes.map((each) => each.toString('utf8')), bytes: bytes.reduce((sum, each) => sum + each.length, 0) };
  }
  return loaded;
}

const is_async = name.startsWith('@anush008');

async function timed(texts, one) {
  let tokens = 0;
  const start = performance.now();
  if (is_async) {
    for (const text of texts) tokens += await one(text);
  } else {
    for (const text of texts) tokens += one(text);
  }
  return { seconds: (performance.now() - start) / 1000, tokens };
}

const encoded_size = is_async ? async (text) => (await peer.encode(text)).length : (text) => peer.encode(text).length;

const questions = {
  async pass(kind, path) {
    const { texts, bytes } = documents_in(path);
    if (kind === 'cold') await peer.reset();
    return { bytes, ...(await timed(texts, kind === 'count' ? peer.count : encoded_size)) };
  },
  async digest(path) {
    const { texts } = documents_in(path);
    let digest = 0x811c9dc5;
    let tokens = 0;
    for (const text of texts) {
      const ids = await peer.encode(text);
      tokens += ids.length;
      for (const id of ids) digest = Math.imul(digest ^ id, 0x01000193);
      digest = Math.imul(digest ^ 0xffffffff, 0x01000193);
    }
    return { digest: digest >>> 0, tokens };
  },
  async latency(path, calls) {
    const { texts } = documents_in(path);
    const micros = [];
    for (let call = 0; call < Number(calls); ++call) {
      const start = performance.now();
      await peer.count(texts[call % texts.length]);
      micros.push((performance.now() - start) * 1000);
    }
    micros.sort((a, b) => a - b);
    return { p50_us: micros[micros.length >> 1], p99_us: micros[Math.floor(micros.length * 0.99)] };
  },
};

console.log(JSON.stringify({ open_ms, first }));
for await (const line of createInterface({ input: process.stdin })) {
  const [question, ...values] = line.split(' ');
  let answer;
  try {
    answer = await questions[question](...values);
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  console.log(JSON.stringify(answer));
}
