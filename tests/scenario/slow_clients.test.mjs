// Clients that do not read, do not write, or send more than is allowed: each is cut off by its own
// limit, and nobody else waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../support/eventually.mjs';
import { chat, serve_over } from '../support/forebay.mjs';
import { connect_raw, post_bytes } from '../support/raw_http.mjs';
import { assert_error_object, delta } from '../support/shapes.mjs';
import { begin_stream, start_upstream } from '../support/upstream.mjs';

const ask = { model: 'fake', messages: [{ role: 'user', content: 'Hello.' }] };

async function assert_still_serves(server) {
  const response = await chat(server);
  assert.equal(response.status, 200, await response.text());
}

test('a client that reads nothing is cut by the write timeout, and others are served meanwhile', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream, { server: { write_timeout: '1s', threads: 1 } });
  const key = await server.key();
  await assert_still_serves(server);
  const plain = upstream.respond;
  const event = `data: ${JSON.stringify(delta('x'.repeat(16 * 1024)))}\n\n`;
  let written = 0;
  let gone = false;
  upstream.respond = async (seen, response) => {
    if (!seen.json().stream) return plain(seen, response);
    begin_stream(response);
    response.on('close', () => (gone = true));
    while (!response.destroyed) {
      written += event.length;
      await new Promise((resolve) => response.write(event, resolve));
      await pause(0);
    }
  };
  const deaf = await connect_raw(t, server.port);
  deaf.socket.pause();
  deaf.send(post_bytes('/v1/chat/completions', { ...ask, stream: true }, { key }));

  const statuses = [];
  await eventually('the deaf client to be cut', async () => {
    statuses.push((await chat(server)).status);
    return gone;
  });

  assert.ok(statuses.every((status) => status === 200), `others got ${statuses}`);
  assert.ok(written < 64 * 1024 * 1024, `${written} bytes were taken for a client that reads nothing`);
  const record = await eventually('the record of it', async () => (await server.journal()).find(({ stream }) => stream));
  assert.equal(record.outcome, 'slow_client');
});

test('headers that come too slowly are cut', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { header_timeout: '500ms' } });
  const slow = await connect_raw(t, server.port);
  slow.send('GET /healthz HTTP/1.1\r\nHost: x\r\n');
  const drip = setInterval(() => slow.send('X: y\r\n'), 50);
  t.after(() => clearInterval(drip));

  const answer = await slow.until_closed();

  assert.match(answer, /^(HTTP\/1\.1 408 |$)/);
  await assert_still_serves(server);
});

test('a body that comes too slowly is cut', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { body_timeout: '500ms' } });
  const slow = await connect_raw(t, server.port);
  const bytes = post_bytes('/v1/chat/completions', ask, { key: await server.key() });
  slow.send(bytes.subarray(0, bytes.length - 5));

  const answer = await slow.until_closed();

  assert.match(answer, /^(HTTP\/1\.1 408 |$)/);
  await assert_still_serves(server);
});

test('a connection that is idle for too long is closed', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { idle_timeout: '300ms' } });
  const silent = await connect_raw(t, server.port);
  const used = await connect_raw(t, server.port);
  used.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await used.response()).status, 200);

  await Promise.all([silent.until_closed(), used.until_closed()]);
  await assert_still_serves(server);
});

const floods = {
  'one long header': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(100_000)}\r\n\r\n`,
  'many headers': `GET /healthz HTTP/1.1\r\nHost: x\r\n${'X-Many: yyyyyyyy\r\n'.repeat(10_000)}\r\n`,
  'a header without end': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(1_000_000)}`,
  'a name without end': `GET /healthz HTTP/1.1\r\nHost: x\r\n${'y'.repeat(1_000_000)}`,
};
for (const [what, flood] of Object.entries(floods)) {
  test(`${what} is a 431`, async (t) => {
    const server = await serve_over(t, await start_upstream(t));
    const flooding = await connect_raw(t, server.port);
    flooding.send(flood);

    const response = await flooding.response();

    assert.equal(response.status, 431, response.body);
    assert_error_object(response.json());
    await flooding.until_closed();
    await assert_still_serves(server);
  });
}

test('a target without end is refused', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const flooding = await connect_raw(t, server.port);
  flooding.send(`GET /${'y'.repeat(200_000)}`);

  const response = await flooding.response();

  assert.ok([400, 414, 431].includes(response.status), `${response.status}`);
  await assert_still_serves(server);
});

test('a body over the limit is refused by its stated length, before it is sent', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { body_bytes_max: '64KiB' } });
  const key = await server.key();
  const heavy = await connect_raw(t, server.port);
  heavy.send(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Length: 70000\r\n\r\n`,
  );

  const response = await heavy.response();

  assert.equal(response.status, 413);
  assert_error_object(response.json());
  await assert_still_serves(server);
});

test('a chunked body over the limit is refused where it passes the limit', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { body_bytes_max: '64KiB' } });
  const key = await server.key();
  const heavy = await connect_raw(t, server.port);
  heavy.send(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  for (let i = 0; i < 5; ++i) heavy.send(piece);

  const response = await heavy.response();

  assert.equal(response.status, 413);
  assert_error_object(response.json());
  await assert_still_serves(server);
});

test('a body at the limit passes', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream, { server: { body_bytes_max: '64KiB' } });
  const padding = 64 * 1024 - Buffer.byteLength(JSON.stringify({ ...ask, pad: '' }));
  const body = JSON.stringify({ ...ask, pad: 'x'.repeat(padding) });
  const full = await connect_raw(t, server.port);
  full.send(post_bytes('/v1/chat/completions', body, { key: await server.key() }));

  const response = await full.response();

  assert.equal(response.status, 200, response.body);
  assert.equal(upstream.last.body.length, 64 * 1024);
});

test('connections above the limit are closed at once, and the limit is per server, not for ever', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { connections_max: 8, threads: 2 } });
  await eventually('the connections of the start to be closed or counted', async () => {
    const held = [];
    try {
      for (let i = 0; i < 40; ++i) held.push(await connect_raw(undefined, server.port));
      await eventually('some to be closed', () => held.some(({ ended }) => ended), { timeout_ms: 2000 });
      return held.filter(({ ended }) => !ended).length <= 8 + 1;
    } finally {
      for (const one of held) one.close();
    }
  });
  await eventually('room again', async () => (await chat(server)).status === 200);
});

test('three hundred idle connections hinder nobody', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  for (let i = 0; i < 300; ++i) await connect_raw(t, server.port);

  await assert_still_serves(server);
});
