// Model files that cannot be loaded: the runtime is marked failed with the reason, the rest serves.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually, temporary_folder } from '../support/eventually.mjs';
import { chat, forebay, start_serve, tiny_model } from '../support/forebay.mjs';
import { assert_error_object } from '../support/shapes.mjs';

function bad_files() {
  const folder = temporary_folder('forebay-models');
  const at = (name) => join(folder, name);
  const good = readFileSync(tiny_model());
  writeFileSync(at('truncated.gguf'), good.subarray(0, Math.floor(good.length / 2)));
  writeFileSync(at('header_only.gguf'), good.subarray(0, 24));
  writeFileSync(at('text.gguf'), 'This is no model.\n'.repeat(100));
  writeFileSync(at('empty.gguf'), '');
  const lying = Buffer.from(good);
  lying.writeBigUInt64LE(2n ** 62n, 8); // the number of tensors
  writeFileSync(at('lying.gguf'), lying);
  return { missing: at('missing.gguf'), folder, ...Object.fromEntries(
    ['truncated', 'header_only', 'text', 'empty', 'lying'].map((name) => [name, at(`${name}.gguf`)]),
  ) };
}

test('each bad model file fails its own runtime with a reason, and the rest serves', async (t) => {
  const files = bad_files();
  const small = { slots: 1, context_tokens: 512, threads: 1 };
  const runtimes = { tiny: { model: tiny_model(), ...small } };
  for (const [name, model] of Object.entries(files)) runtimes[name] = { model, ...small };
  const models = Object.fromEntries(Object.keys(runtimes).map((runtime) => [runtime, { targets: [{ runtime }] }]));
  const server = await start_serve(t, { config: { runtimes, models } });
  await server.until_ready();

  const { code, status, runtimes: states } = await eventually('every bad runtime to be marked failed', async () => {
    const ready = await server.readyz();
    return Object.keys(files).every((name) => ready.runtimes[name].state === 'failed') && ready;
  });

  assert.equal(code, 200, 'a runtime that failed does not unready the gateway');
  assert.equal(status, 'ready');
  for (const [name, file] of Object.entries(files)) {
    assert.ok(states[name].reason?.length > 10, `${name} has no reason`);
    assert.ok(states[name].reason.includes(file), `the reason does not name the file: ${states[name].reason}`);
    assert.ok(server.child.output.includes(file), `${name} is not in the log`);
    const refused = await chat(server, { model: name });
    assert.ok([502, 503].includes(refused.status), `${name} answered ${refused.status}`);
    assert_error_object(await refused.json());
  }
  const good = await chat(server, { model: 'tiny', max_tokens: 3 });
  assert.equal(good.status, 200, await good.text());
});

test('a worker alone says what is wrong with its model and ends with 1', async () => {
  for (const file of Object.values(bad_files())) {
    const child = await forebay(['worker', '--model', file, '--listen', '127.0.0.1:0', '--name', 'bad']);
    assert.equal(child.code, 1, child.output);
    assert.ok(child.stderr.includes(file), child.output);
  }
});
