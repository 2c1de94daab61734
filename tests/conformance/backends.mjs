// What answers the cases: the gateway over our worker, our worker alone, the gateway over a recording.
// Each has {base_url, key, model, long_model, completion_model, body_bytes_max} and, where the gateway is
// in front, {server}. Traits, known before anything runs, say which cases apply.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { start_serve, start_worker, random_model, tiny_model } from '../support/forebay.mjs';
import { send_json, start_upstream } from '../support/upstream.mjs';

const body_bytes_max = 1024 * 1024;

async function gateway_over_worker(scope) {
  const server = await start_serve(scope, {
    config: {
      server: { body_bytes_max, drain_timeout: '5s' },
      runtimes: {
        tiny: { model: tiny_model(), slots: 2, context_tokens: 2048, threads: 1 },
        random: { model: random_model(), slots: 1, context_tokens: 16384, threads: 1 },
      },
      models: { tiny: { targets: [{ runtime: 'tiny' }] }, random: { targets: [{ runtime: 'random' }] } },
    },
  });
  await server.until_ready();
  return {
    server,
    base_url: `${server.url}/v1`,
    key: await server.key(),
    model: 'tiny',
    completion_model: 'tiny',
    long_model: 'random',
    body_bytes_max,
  };
}

async function worker_directly(scope) {
  const key = 'a-key-of-the-worker';
  const flags = { slots: 2, 'context-tokens': 2048, threads: 1 };
  const worker = await start_worker(scope, { key, flags });
  const long_flags = { slots: 1, 'context-tokens': 16384, threads: 1 };
  const long = await start_worker(scope, { key, name: 'random', model: random_model(), flags: long_flags });
  return {
    base_url: `${worker.url}/v1`,
    long_base_url: `${long.url}/v1`,
    key,
    model: 'tiny',
    completion_model: 'tiny',
    long_model: 'random',
    body_bytes_max: 32 * 1024 * 1024,
  };
}

const recorded_folder = join(dirname(fileURLToPath(import.meta.url)), 'recorded');

// {"$repeat": [TEXT, COUNT]} stands for a long text.
function expand(_key, value) {
  return value?.$repeat ? value.$repeat[0].repeat(value.$repeat[1]) : value;
}

function parse_exchange(name) {
  const text = readFileSync(join(recorded_folder, name), 'utf8');
  const request_end = text.indexOf('\n\n');
  const head_end = text.indexOf('\n\n', request_end + 2);
  const [request_line, ...request_body] = text.slice(0, request_end).split('\n');
  const [status_line, ...header_lines] = text.slice(request_end + 2, head_end).split('\n');
  const [method, path] = request_line.split(' ');
  const headers = Object.fromEntries(header_lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const stays_open = headers['recording-stays-open'] === 'yes';
  delete headers['recording-stays-open'];
  return {
    name,
    method,
    path,
    request: JSON.parse(request_body.join('\n'), expand),
    status: Number(status_line.split(' ')[1]),
    headers,
    body: text.slice(head_end + 2),
    stays_open,
  };
}

function is_for(exchange, seen, body) {
  return exchange.method === seen.method && exchange.path === seen.url && isDeepStrictEqual(body, exchange.request);
}

// The gateway may ask for usage that its client did not ask for. Where no recording has it, the one
// without usage answers.
function find_exchange(exchanges, seen) {
  const body = seen.json();
  const { stream_options, ...rest } = body;
  return (
    exchanges.find((one) => is_for(one, seen, body)) ??
    (stream_options?.include_usage === true && exchanges.find((one) => is_for(one, seen, rest)))
  );
}

export async function start_recording(scope) {
  const exchanges = readdirSync(recorded_folder).filter((name) => name.endsWith('.http')).map(parse_exchange);
  return start_upstream(scope, {
    respond(seen, response) {
      const exchange = find_exchange(exchanges, seen);
      if (!exchange) {
        const message = `no recorded exchange for ${seen.method} ${seen.url} ${seen.text}`;
        send_json(response, 501, { error: { message, type: 'recording', param: null, code: null } });
        return;
      }
      response.writeHead(exchange.status, exchange.headers);
      response.write(exchange.body);
      if (!exchange.stays_open) response.end();
    },
  });
}

async function gateway_over_recording(scope) {
  const upstream = await start_recording(scope);
  const targets = (model) => ({ targets: [{ provider: 'recorded', model }] });
  const server = await start_serve(scope, {
    config: {
      server: { body_bytes_max, drain_timeout: '5s' },
      providers: {
        recorded: { kind: 'openai', base_url: upstream.base_url, api_key: '${env:RECORDED_KEY}' },
      },
      models: {
        'gpt-4o-mini': targets('gpt-4o-mini'),
        'gpt-3.5-turbo-instruct': targets('gpt-3.5-turbo-instruct'),
      },
    },
    env: { RECORDED_KEY: 'sk-recorded' },
  });
  await server.until_ready();
  return {
    server,
    upstream,
    base_url: `${server.url}/v1`,
    key: await server.key(),
    model: 'gpt-4o-mini',
    completion_model: 'gpt-3.5-turbo-instruct',
    long_model: 'gpt-4o-mini',
    body_bytes_max,
  };
}

// `generates`: a real model makes the text, so that sampling can be tested. `gateway`: keys, models and
// the journal are the gateway's.
export const backends = {
  gateway_worker: { start: gateway_over_worker, traits: { generates: true, gateway: true } },
  worker: { start: worker_directly, traits: { generates: true, gateway: false } },
  recorded: { start: gateway_over_recording, traits: { generates: false, gateway: true } },
};
