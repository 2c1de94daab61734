// clang-tidy with the checks of .clang-tidy over src/, one process per core. A file is looked at again
// only when it, a header of ours that it includes, its command line, .clang-tidy or clang-tidy itself
// changed since it last passed.
//
//   node tests/tidy/clang_tidy.mjs --build build/release     needs a configured build folder
//   node tests/tidy/clang_tidy.mjs --self-test               each check must catch its example
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { bad_examples } from './clang_tidy_examples.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const program = 'clang-tidy-19';
const config = join(root, '.clang-tidy');
const run = promisify(execFile);
const { values } = parseArgs({ options: { build: { type: 'string' }, 'self-test': { type: 'boolean' } } });

// The files of ours that `path` includes, and theirs; each text is read once.
const texts = new Map();
function text_of(path) {
  if (!texts.has(path)) texts.set(path, existsSync(path) ? readFileSync(path, 'utf8') : null);
  return texts.get(path);
}
function closure_of(path, seen = new Set()) {
  if (seen.has(path) || text_of(path) === null) return seen;
  seen.add(path);
  for (const [, target] of text_of(path).matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/gm)) {
    closure_of(join(root, 'src', target), seen);
  }
  return seen;
}

function key_of({ file, command }, version) {
  const hash = createHash('sha256').update(version).update(text_of(config)).update(command);
  for (const path of [...closure_of(file)].sort()) hash.update(path).update('\0').update(text_of(path)).update('\0');
  return hash.digest('hex');
}

async function complaints_about(build, file) {
  // The compiler's own warnings are the build's to enforce: here they would come from system headers too.
  const args = ['-p', build, '--quiet', `--config-file=${config}`, '--extra-arg=-Wno-error', file];
  try {
    await run(program, args, { maxBuffer: 1 << 26 });
    return '';
  } catch (error) {
    return `${error.stdout ?? ''}`.trim() || `${error.stderr || error.message}`.trim();
  }
}

// Paths as a reader opens them: headers were found through BUILD/include_view/MODULE/.
function in_source(text, build) {
  return text.replaceAll(new RegExp(`${build}/include_view/\\w+/`, 'g'), 'src/').replaceAll(`${root}/`, '');
}

async function check(build) {
  const database = join(build, 'compile_commands.json');
  if (!existsSync(database)) throw new Error(`${database} is missing: configure first (cmake --preset release)`);
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const cache = join(build, 'tidy-cache');
  mkdirSync(cache, { recursive: true });

  const is_ours = ({ file }) => /^src\//.test(relative(root, file)) && !/_(?:test|bench)\.cpp$/.test(file);
  const entries = JSON.parse(readFileSync(database, 'utf8')).filter(is_ours);
  const waiting = entries
    .map((entry) => ({ ...entry, key: key_of(entry, version), kept: join(cache, relative(root, entry.file).replaceAll('/', '.')) }))
    .filter(({ kept, key }) => text_of(kept) !== key);
  const all = waiting.length;
  const found = new Set(); // a complaint about a header comes from every file that includes it
  let told = Date.now();
  async function work() {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
      const text = await complaints_about(build, entry.file);
      if (text === '') writeFileSync(entry.kept, entry.key);
      for (const part of text.split(/\n(?=\S+:\d+:\d+: (?:error|warning):)/).filter(Boolean)) {
        if (!found.has(part)) console.log(in_source(part, build));
        found.add(part);
      }
      if (Date.now() - told < 10_000) continue;
      told = Date.now();
      console.log(`clang-tidy [${all - waiting.length}/${all}]`);
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`${entries.length} files, ${all} changed since they last passed, ${found.size} findings`);
  return found.size;
}

// A check that cannot fail is worthless.
async function self_test() {
  const folder = mkdtempSync(join(tmpdir(), 'forebay-tidy-'));
  const source = join(folder, 'src');
  mkdirSync(source);
  const checks = readFileSync(config, 'utf8').match(/[a-z]+-[a-z][a-z-]+(?=,?\n)/g);
  let faults = 0;
  for (const name of checks.filter((one) => !bad_examples[one])) {
    console.log(`${name} has no example in clang_tidy_examples.mjs`);
    faults += 1;
  }
  async function try_out(name) {
    const file = join(source, `${name}.cpp`);
    writeFileSync(file, bad_examples[name]);
    const args = ['--quiet', `--config-file=${config}`, file, '--', '-std=c++23'];
    const { stdout } = await run(program, args).catch((error) => error);
    if (!new RegExp(`\\[${name}[,\\]]`).test(stdout)) {
      console.log(`${name} does not catch its example:\n${stdout}`);
      faults += 1;
    }
  }
  const names = Object.keys(bad_examples);
  async function work() {
    for (let name = names.shift(); name; name = names.shift()) await try_out(name);
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  rmSync(folder, { recursive: true });
  console.log(`${checks.length} checks tested, ${faults} faults`);
  return faults;
}

try {
  const faults = values['self-test'] ? await self_test() : await check(resolve(values.build ?? join(root, 'build/release')));
  process.exit(faults === 0 ? 0 : 1);
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
