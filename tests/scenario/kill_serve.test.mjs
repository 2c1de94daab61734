// kill -9 of the gateway at random moments under load: every call whose last byte a client received is
// in the journal after the restart, and the journal is whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { temporary_folder } from '../support/eventually.mjs';
import { create_key, serve_over, verify_journal } from '../support/forebay.mjs';
import { chat_chunks, chat_completion } from '../support/shapes.mjs';
import { send_json, send_stream, start_upstream } from '../support/upstream.mjs';
import { start_load } from './load.mjs';

const kills = Number(process.env.FOREBAY_KILLS ?? 40);
const seed = Number(process.env.FOREBAY_SEED ?? Date.now() % 1_000_000);
const callers = 16;
const load_ms_max = 250;

// mulberry32: the same seed kills at the same moments.
function random_from(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function missing_in_journal(server, ids) {
  const slack = 4 * callers;
  const recorded = new Set((await server.journal(ids.length + slack)).map(({ id }) => id));
  return ids.filter((id) => !recorded.has(id));
}

test(`kill -9 at ${kills} random moments loses no call that a client saw whole`, async (t) => {
  console.log(`# FOREBAY_SEED=${seed} FOREBAY_KILLS=${kills}`);
  const random = random_from(seed);
  const whole = JSON.stringify(chat_completion());
  const chunks = chat_chunks(['a', 'b', 'c'], { wants_usage: true });
  const upstream = await start_upstream(t, {
    respond: (seen, response) =>
      seen.text.includes('"stream":true') ? send_stream(response, chunks) : send_json(response, 200, whole),
  });
  const folder = temporary_folder('forebay-kill');
  // Small segments, so that some kills fall into a rotation.
  const config = { server: { threads: 2 }, journal: { segment_bytes: '256KiB' } };
  const start = async () => serve_over(undefined, upstream, config, { folder });

  let server = await start();
  t.after(() => server.child.kill());
  const key = await create_key(server.data, 'load');
  const completed_all = [];
  let calls_torn = 0;
  const started = Date.now();

  for (let round = 0; round < kills; ++round) {
    const load = start_load(server.port, key, callers);
    await pause(random() * load_ms_max);
    await server.child.kill();
    const { completed, refused } = await load.stop();
    assert.deepEqual(refused, [], `round ${round}: calls were refused before the kill`);

    upstream.requests.length = 0;
    server = await start();
    if (/torn/.test(server.child.output)) ++calls_torn;
    const missing = await missing_in_journal(server, completed);
    assert.deepEqual(missing, [], `round ${round}: ${missing.length} of ${completed.length} calls are not in the journal`);
    completed_all.push(...completed);
  }

  const seconds = (Date.now() - started) / 1000;
  console.log(
    `# ${kills} kills in ${seconds.toFixed(1)} s (${(seconds / kills).toFixed(2)} s each), ` +
      `${completed_all.length} whole calls, torn tail cut ${calls_torn} times`,
  );
  assert.ok(completed_all.length > kills, 'too few calls were whole to prove anything');
  const verified = await verify_journal(server.data);
  assert.equal(verified.code, 0, verified.output);
  const recorded = new Set((await server.journal()).map(({ id }) => id));
  assert.deepEqual(completed_all.filter((id) => !recorded.has(id)), []);
});
