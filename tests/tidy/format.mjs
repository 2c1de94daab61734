// clang-format over every C++ file of ours; --fix rewrites them.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { files_of } from './tree.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const files = files_of(root).filter((path) => /^(?:src|tests|bench|examples)\/.*\.(?:cpp|h)$/.test(path));
const mode = process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '--Werror'];
const { status, stderr, error } = spawnSync('clang-format-19', [...mode, '--style=file', ...files], { cwd: root, encoding: 'utf8' });
if (error) {
  console.log(`clang-format-19 cannot be started: ${error.message}`);
  process.exit(1);
}
const bad = [...stderr.matchAll(/^(\S+?):(\d+):\d+: error/gm)];
for (const path of new Set(bad.map(([, path]) => path))) {
  const lines = bad.filter(([, one]) => one === path).map(([, , line]) => line);
  console.log(`${path}:${lines[0]}: not formatted (${lines.length} places)`);
}
if (status !== 0) console.log(bad.length > 0 ? 'node tests/tidy/format.mjs --fix formats them' : stderr);
console.log(`${files.length} files looked at`);
process.exit(status === 0 ? 0 : 1);
