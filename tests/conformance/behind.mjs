// The gateway in front of a provider under the test's control, and ways to call it.
import OpenAI from 'openai';

import { start_serve } from '../support/forebay.mjs';
import { text_as_far_as_it_came } from '../support/shapes.mjs';
import { closed_port, start_upstream } from '../support/upstream.mjs';

export const provider_key = 'sk-provider-0123456789';

export async function start_behind(scope) {
  const upstream = await start_upstream(scope);
  const provider = (more = {}) => ({
    kind: 'openai',
    base_url: upstream.base_url,
    api_key: '${env:PROVIDER_KEY}',
    ...more,
  });
  const model = (name, more = {}) => ({ targets: [{ provider: name, ...more }] });
  const server = await start_serve(scope, {
    config: {
      server: { drain_timeout: '5s' },
      providers: {
        fake: provider(),
        hasty: provider({ first_byte_timeout: '400ms', idle_timeout: '400ms' }),
        refusing: provider({ base_url: `http://127.0.0.1:${await closed_port()}/v1` }),
        nameless: provider({ base_url: 'http://no-such-host.invalid/v1', connect_timeout: '3s' }),
      },
      models: {
        fake: model('fake', { model: 'fake' }),
        alias: model('fake', { model: 'the-real-name' }),
        hasty: model('hasty', { model: 'fake' }),
        refusing: model('refusing'),
        nameless: model('nameless'),
      },
    },
    env: { PROVIDER_KEY: provider_key },
  });
  await server.until_ready();
  const key = await server.key();
  // `body` as text goes out byte by byte.
  const post = (body, { path = '/v1/chat/completions', ...options } = {}) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...options,
    });
  return {
    upstream,
    server,
    key,
    post,
    client: (options = {}) =>
      new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 0, timeout: 60_000, ...options }),
    async answer(body) {
      const response = await post(body);
      return { status: response.status, headers: response.headers, text: await text_as_far_as_it_came(response) };
    },
  };
}

export const ask = { model: 'fake', messages: [{ role: 'user', content: 'Hello.' }] };
export const ask_streamed = { ...ask, stream: true };
