// What counting adds to a call: chats of 4 KiB through a real gateway, each a new one, with the time that the journal has
// of each count. The target answers at once.
import { parseArgs } from 'node:util';

import { Scope } from '../../tests/support/eventually.mjs';
import { chat, journal, serve_over } from '../../tests/support/forebay.mjs';
import { start_upstream } from '../../tests/support/upstream.mjs';
import { corpus_slices } from './texts.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '500' },
    'at-once': { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log('node bench/tokenizer/gateway_count.mjs [--calls N] [--at-once N]\n\nThe texts come from bench/tokenizer/corpus.mjs.');
  process.exit(0);
}

const turns = 8;
const messages_of = (document) => {
  const text = document.toString('utf8');
  const size = Math.ceil(text.length / turns);
  return Array.from({ length: turns }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: text.slice(i * size, (i + 1) * size),
  }));
};

const scope = new Scope();
try {
  const upstream = await start_upstream(scope);
  const server = await serve_over(scope, upstream, { models: { 'gpt-4o': { targets: [{ provider: 'fake' }] } } });
  const calls = Number(values.calls);
  const documents = corpus_slices(calls * 4096).english.slice(0, calls);
  const key = await server.key();
  const caller = async () => {
    for (let document = documents.pop(); document; document = documents.pop()) {
      const answer = await chat(server, { key, model: 'gpt-4o', messages: messages_of(document) });
      await answer.text();
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, caller));
  const micros = (await journal(server.data)).flatMap((record) => record.counted?.micros ?? []).sort((a, b) => a - b);
  const at = (share) => micros[Math.min(micros.length - 1, Math.floor(share * micros.length))];
  console.log(`${micros.length} counts of chats of 4 KiB in gateway calls: p50 ${at(0.5)} µs, p99 ${at(0.99)} µs`);
} finally {
  await scope.close();
}
