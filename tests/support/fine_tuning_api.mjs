// An API with fine-tuning endpoints on loopback, as OpenAI publishes them: it is strict about what it is asked, and
// holds any answer back when a test wants to do something meanwhile.
import assert from 'node:assert/strict';

import { error_body } from './shapes.mjs';
import { send_json, start_upstream } from './upstream.mjs';

const page_size_max = 100;
const job_members = ['model', 'training_file', 'validation_file', 'suffix', 'seed', 'method'];
const created = 1_760_000_000;

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function check(condition, message) {
  if (!condition) throw new Refusal(400, message);
}

// What kind of request it is, whatever the ids: "GET /fine_tuning/jobs/ID".
function kind_of(method, path) {
  return `${method} ${path.replace(/\/(?:ftjob|file)-\d+/, '/ID')}`;
}

export class FineTuningApi {
  key = 'sk-test-0123456789';
  files = []; // {id, filename, purpose, content}
  jobs = []; // {id, body}
  seen = []; // kinds of requests, in their order
  idempotency_keys = [];
  refusals = []; // why a request was refused: none may be
  status = 'succeeded'; // of each job
  error = null; // of a job that failed
  events = []; // {id, created_at, message, data}, oldest first
  fine_tuned_model = 'ft:gpt-4o-mini-2024-07-18:org::9tiny';
  // {kind, done}: the next request of this kind is not answered; `done`: what it asks for is done before.
  hold = null;
  held = false;

  async respond(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://api');
    assert.ok(pathname.startsWith('/v1/'), pathname);
    const path = pathname.slice('/v1'.length);
    const kind = kind_of(request.method, path);
    this.seen.push(kind);
    const holds = this.hold?.kind === kind && this.hold;
    if (holds && !holds.done) {
      this.held = true;
      return;
    }
    const { status, body } = await this.answer(request, kind, path, searchParams);
    if (holds) this.held = true;
    else send_json(response, status, body);
  }

  async answer(request, kind, path, query) {
    try {
      if (request.headers.authorization !== `Bearer ${this.key}`) throw new Refusal(401, 'Incorrect API key provided');
      if (request.method === 'POST') this.idempotency_keys.push(request.headers['idempotency-key']);
      return { status: 200, body: await this.done(request, kind, path.split('/').at(-1), query) };
    } catch (refusal) {
      this.refusals.push(refusal.message);
      return { status: refusal.status ?? 500, body: error_body(refusal.message) };
    }
  }

  async done(request, kind, last, query) {
    switch (kind) {
      case 'GET /files': return this.page(this.files.toReversed().map((file) => this.file_object(file)), query);
      case 'POST /files': return this.take_file(request);
      case 'GET /fine_tuning/jobs': return this.page(this.jobs.toReversed().map((job) => this.job_object(job)), query);
      case 'POST /fine_tuning/jobs': return this.make_job(request.json());
      case 'GET /fine_tuning/jobs/ID': return this.job_object(this.job(last));
      case 'GET /fine_tuning/jobs/ID/events': return this.page(this.events.toReversed().map((one) => this.event_object(one)), query);
      default: throw new Refusal(404, `there is no ${kind}`);
    }
  }

  // Newest first, and the rest behind `after`.
  page(all, query) {
    const limit = Number(query.get('limit') ?? 20);
    check(Number.isInteger(limit) && limit >= 1 && limit <= page_size_max, `limit ${query.get('limit')}`);
    const after = query.get('after');
    const begin = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
    check(after === null || begin > 0, `there is no ${after} to list after`);
    const data = all.slice(begin, begin + limit);
    return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: all.length > begin + limit };
  }

  async take_file({ body, headers }) {
    const type = headers['content-type'] ?? '';
    check(type.startsWith('multipart/form-data; boundary='), `content-type ${type}`);
    const form = await new Response(body, { headers: { 'content-type': type } }).formData();
    check([...form.keys()].sort().join() === 'file,purpose', `the form has ${[...form.keys()]}`);
    check(form.get('purpose') === 'fine-tune', `purpose ${form.get('purpose')}`);
    const file = form.get('file');
    const content = await file.text();
    for (const line of content.split('\n').filter(Boolean)) check(Array.isArray(JSON.parse(line).messages), `no chat: ${line}`);
    const taken = { id: `file-${this.files.length + 1}`, filename: file.name, purpose: 'fine-tune', content };
    this.files.push(taken);
    return this.file_object(taken);
  }

  file_object({ id, filename, purpose, content }) {
    return { id, object: 'file', bytes: Buffer.byteLength(content), created_at: created, filename, purpose, status: 'processed' };
  }

  make_job(body) {
    const unknown = Object.keys(body).filter((member) => !job_members.includes(member));
    check(unknown.length === 0, `unknown members ${unknown}`);
    check(typeof body.model === 'string' && body.model !== '', 'no model');
    const known = (id) => this.files.some((file) => file.id === id);
    check(known(body.training_file), `no file ${body.training_file}`);
    check(body.validation_file === undefined || known(body.validation_file), `no file ${body.validation_file}`);
    check(typeof body.suffix === 'string' && body.suffix.length <= 64, `suffix ${body.suffix}`);
    check(Number.isInteger(body.seed) && body.seed >= 0 && body.seed <= 2147483647, `seed ${body.seed}`);
    check(body.method?.type === 'supervised', `method ${JSON.stringify(body.method)}`);
    const { n_epochs, batch_size, learning_rate_multiplier, ...more } = body.method.supervised.hyperparameters;
    check(Object.keys(more).length === 0, `hyperparameters ${Object.keys(more)}`);
    for (const value of [n_epochs, batch_size, learning_rate_multiplier]) check(value === 'auto' || value > 0, `${value}`);
    const job = { id: `ftjob-${this.jobs.length + 1}`, body };
    this.jobs.push(job);
    return this.job_object(job, 'validating_files');
  }

  job(id) {
    const found = this.jobs.find((job) => job.id === id);
    if (!found) throw new Refusal(404, `there is no job ${id}`);
    return found;
  }

  job_object({ id, body }, status = this.status) {
    const succeeded = status === 'succeeded';
    return {
      object: 'fine_tuning.job',
      id,
      model: body.model,
      created_at: created,
      finished_at: succeeded ? created + 60 : null,
      fine_tuned_model: succeeded ? this.fine_tuned_model : null,
      organization_id: 'org-123',
      result_files: [],
      status,
      training_file: body.training_file,
      validation_file: body.validation_file ?? null,
      hyperparameters: body.method.supervised.hyperparameters,
      trained_tokens: succeeded ? 5768 : null,
      error: this.error,
      integrations: [],
      seed: body.seed,
      estimated_finish: null,
      method: body.method,
      user_provided_suffix: body.suffix,
      metadata: null,
    };
  }

  event_object({ id, created_at, message, data }) {
    const type = data ? 'metrics' : 'message';
    return { object: 'fine_tuning.job.event', id, created_at, level: 'info', message, data: data ?? {}, type };
  }

  // Events of steps 1 to `steps`, as a job that trains tells them.
  tell_steps(steps, total_steps) {
    this.events = [{ id: 'ftevent-0', created_at: created, message: 'Fine-tuning job started' }];
    for (let step = 1; step <= steps; ++step) {
      const train_loss = 2 / step;
      const valid_loss = step % 5 === 0 ? 2.5 / step : null;
      const data = { step, train_loss, valid_loss, total_steps, train_mean_token_accuracy: 0.5 };
      const message = `Step ${step}/${total_steps}: training loss=${train_loss.toFixed(2)}`;
      this.events.push({ id: `ftevent-${step}`, created_at: created + step, message, data });
    }
  }
}

export async function start_fine_tuning_api(scope) {
  const api = new FineTuningApi();
  const upstream = await start_upstream(scope, { respond: (request, response) => api.respond(request, response) });
  api.base_url = upstream.base_url;
  return api;
}
