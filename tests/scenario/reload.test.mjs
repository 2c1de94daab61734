// The configuration edited while serving: well, badly, and with secrets that must show up nowhere.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventually, temporary_folder } from '../support/eventually.mjs';
import { chat, forebay, start_serve } from '../support/forebay.mjs';
import { assert_chat_stream, assert_error_object, chat_chunks, error_body, sse_data } from '../support/shapes.mjs';
import { begin_stream, send_json, start_upstream } from '../support/upstream.mjs';

const secret = 'sk-planted-5ecr3t-0123456789';

function yaml(upstream, { models = ['fake'], extra = '' } = {}) {
  const targets = models.map((name) => `  ${name}: { targets: [ { provider: fake, model: fake } ] }`);
  return `listen: 127.0.0.1:0
providers:
  fake: { kind: openai, base_url: "${upstream.base_url}", api_key: "\${env:PLANTED}" }
models:
${targets.join('\n')}
${extra}`;
}

async function start(t, upstream, options = {}) {
  const server = await start_serve(t, { config: yaml(upstream, options), env: { PLANTED: secret }, ...options });
  return server.until_ready();
}

async function models_of(server) {
  const response = await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${await server.key()}` } });
  return (await response.json()).data.map(({ id }) => id).sort();
}

const bad = (upstream) => yaml(upstream).replace('models:\n  fake:', 'modles:\n  fake:');

test('a bad file is refused with its place, and the old revision serves on', async (t) => {
  const upstream = await start_upstream(t);
  const server = await start(t, upstream);
  server.write_config(bad(upstream));

  const response = await server.reload();

  const text = await response.text();
  assert.ok([400, 422].includes(response.status), `${response.status} ${text}`);
  assert.match(text, /forebay\.yaml:4:1/, 'file:line:column of the misspelt key');
  assert.match(text, /models/, 'the right spelling');
  assert.ok(!text.includes(secret));
  assert.deepEqual(await models_of(server), ['fake']);
  assert.equal((await chat(server)).status, 200);
});

test('a bad file at SIGHUP is explained in the log, and the old revision serves on', async (t) => {
  const upstream = await start_upstream(t);
  const server = await start(t, upstream);
  server.write_config(bad(upstream));

  server.child.signal_with('SIGHUP');

  await eventually('the fault in the log', () => /forebay\.yaml:4:1/.test(server.child.output));
  assert.deepEqual(await models_of(server), ['fake']);
  assert.ok(!server.child.output.includes(secret));
});

test('a good file at SIGHUP adds a model', async (t) => {
  const upstream = await start_upstream(t);
  const server = await start(t, upstream);
  server.write_config(yaml(upstream, { models: ['fake', 'second'] }));

  server.child.signal_with('SIGHUP');

  await eventually('the second model', async () => (await models_of(server)).includes('second'));
  assert.equal((await chat(server, { model: 'second' })).status, 200);
});

test('a good file is taken without breaking a stream under way, and a removed model is gone', async (t) => {
  const upstream = await start_upstream(t);
  const server = await start(t, upstream);
  const events = chat_chunks(['one', ' two', ' three']).map((one) => `data: ${JSON.stringify(one)}\n\n`);
  let finish;
  upstream.respond = (_, response) => {
    begin_stream(response);
    response.write(events[0]);
    finish = () => response.end(`${events.slice(1).join('')}data: [DONE]\n\n`);
  };
  const stream = await chat(server, { stream: true });
  assert.equal(stream.status, 200);

  server.write_config(yaml(upstream, { models: ['replacement'] }));
  const reloaded = await server.reload();
  assert.equal(reloaded.status, 200, await reloaded.text());
  upstream.respond = (_, response) => send_json(response, 200, '{"choices":[],"usage":null}');
  const gone = await chat(server);
  const added = await chat(server, { model: 'replacement' });
  finish();

  assert.equal(gone.status, 404);
  assert_error_object(await gone.json(), { code: 'model_not_found' });
  assert.equal(added.status, 200);
  const data = sse_data(await stream.text());
  assert.equal(data.pop(), '[DONE]');
  assert.equal(assert_chat_stream(data.map((one) => JSON.parse(one))).text, 'one two three');
});

test('a reference that cannot be resolved is refused without showing others', async (t) => {
  const upstream = await start_upstream(t);
  const server = await start(t, upstream);
  server.write_config(yaml(upstream).replace('${env:PLANTED}', '${env:NOT_SET_ANYWHERE}'));

  const response = await server.reload();

  const text = await response.text();
  assert.ok([400, 422].includes(response.status), `${response.status} ${text}`);
  assert.match(text, /NOT_SET_ANYWHERE/);
  assert.match(text, /forebay\.yaml:3:\d+/);
});

test('reloading needs the key of an admin', async (t) => {
  const server = await start(t, await start_upstream(t));
  const reload = async (headers) => {
    const response = await fetch(`${server.url}/api/v1/config/reload`, { method: 'POST', headers });
    return response.status;
  };

  assert.equal(await reload({}), 401);
  assert.equal(await reload({ authorization: `Bearer ${await server.key()}` }), 403);
  assert.equal(await reload({ authorization: `Bearer ${await server.admin_key()}` }), 200);
});

test('a planted secret is in no output, no error, no answer and no record', async (t) => {
  const upstream = await start_upstream(t);
  const folder = temporary_folder();
  writeFileSync(join(folder, 'provider.key'), `${secret}\n`);
  const config = yaml(upstream, { extra: 'log: { level: debug }\n' }).replace('${env:PLANTED}', `\${file:${join(folder, 'provider.key')}}`);
  const server = await start_serve(t, { config, env: { PLANTED: secret } });
  await server.until_ready();
  const seen = [];
  const see = async (response) => seen.push(await (await response).text());

  await see(chat(server));
  const refusal = error_body(`Incorrect API key provided: ${secret}`, { code: 'invalid_api_key' });
  upstream.respond = (_, response) => send_json(response, 401, refusal);
  await see(chat(server));
  await see(chat(server, { stream: true }));
  await upstream.close();
  await see(chat(server));
  server.write_config(config.replace('kind: openai', `kind: ${'openal'}`));
  await see(server.reload());
  server.write_config(config.replace('base_url', 'api_key'));
  await see(server.reload());
  server.write_config(config);
  await see(server.reload());
  await see(fetch(`${server.url}/metrics`));
  await see(fetch(`${server.url}/readyz`));
  const admin = { headers: { authorization: `Bearer ${await server.admin_key()}` } };
  await see(fetch(`${server.url}/api/v1/config`, admin));
  seen.push((await forebay(['config', 'check', '--config', server.config_file], { env: { ...process.env, PLANTED: secret } })).output);
  seen.push(JSON.stringify(await server.journal()), server.child.output);

  assert.equal(upstream.requests[0].headers.authorization, `Bearer ${secret}`, 'the provider did get it');
  for (const text of seen) assert.ok(!text.includes(secret), `the secret is in:\n${text.slice(0, 2000)}`);
});
