// /metrics as Prometheus itself sees it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Child, run } from '../support/child.mjs';
import { eventually, temporary_folder } from '../support/eventually.mjs';
import { chat, serve_over, start_serve, tiny_model } from '../support/forebay.mjs';
import { chat_chunks } from '../support/shapes.mjs';
import { closed_port, send_stream, start_upstream } from '../support/upstream.mjs';

async function metrics_text(server) {
  const response = await fetch(`${server.url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/plain/);
  return response.text();
}

async function assert_promtool_passes(text) {
  const child = await run('promtool', ['check', 'metrics'], { input: text });
  assert.equal(child.code, 0, `${child.output}\n${text}`);
}

// The sum of every sample of `name`, over all labels.
function total(text, name) {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.reduce((sum, value) => sum + value, 0);
}

async function start_prometheus(t, target) {
  const folder = temporary_folder('forebay-prometheus');
  const port = await closed_port();
  writeFileSync(
    join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'forebay', static_configs: [{ targets: [target] }] }],
    }),
  );
  const child = new Child('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  t.after(() => child.stop());
  return async (query) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = await response.json();
    return data.result.map((one) => Number(one.value[1]));
  };
}

test('promtool finds no fault with the metrics of a gateway, before and after calls', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream);
  await assert_promtool_passes(await metrics_text(server));

  await (await chat(server)).text();
  await (await chat(server, { model: 'no-such-model' })).text();
  await (await chat(server, { key: 'wrong' })).text();
  upstream.respond = (_, response) => send_stream(response, chat_chunks(['a']));
  await (await chat(server, { stream: true })).text();

  const text = await metrics_text(server);
  await assert_promtool_passes(text);
  assert.ok(!text.includes(await server.key()), 'no key in a label');
});

test('promtool finds no fault with the metrics of a gateway with a runtime, and of its worker', async (t) => {
  const server = await start_serve(t, {
    config: {
      runtimes: { tiny: { model: tiny_model(), slots: 1, context_tokens: 512, threads: 1 } },
      models: { tiny: { targets: [{ runtime: 'tiny' }] } },
    },
  });
  await server.until_ready();
  assert.equal((await chat(server, { model: 'tiny', max_tokens: 4 })).status, 200);

  await assert_promtool_passes(await metrics_text(server));
});

test('a label cannot be made up by callers', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const series = async () => (await metrics_text(server)).split('\n').filter((line) => line && !line.startsWith('#')).length;
  await (await chat(server, { model: 'invented-0' })).text();
  const before = await series();

  for (let i = 1; i < 50; ++i) await (await chat(server, { model: `invented-${i}` })).text();

  assert.ok((await series()) - before < 10, 'each invented model name made a new series');
});

test('Prometheus scrapes the gateway and counts its calls', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const ask = await start_prometheus(t, new URL(server.url).host);
  await eventually('the first scrape', async () => (await ask('up{job="forebay"}'))[0] === 1, { timeout_ms: 60_000 });

  for (let call = 0; call < 5; ++call) assert.equal((await chat(server)).status, 200);

  const [name] = (await metrics_text(server)).match(/^forebay_\w*(?:calls|requests)\w*_total/m);
  const expected = total(await metrics_text(server), name);
  assert.ok(expected >= 5, `${name} is ${expected} after five calls`);
  await eventually('the calls to be scraped', async () => (await ask(`sum(${name})`))[0] >= 5, { timeout_ms: 60_000 });
});
