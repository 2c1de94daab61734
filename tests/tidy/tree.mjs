// The files that the rules look at. A self-test builds one from text; the real one is the checkout.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { views_of } from './cpp_text.mjs';

const skipped_folders = new Set(['.git', '.cache', 'build', 'data', 'node_modules']);

export class Tree {
  // `texts`: path to text, or to null for a file that is there but not text.
  constructor(texts) {
    this.texts = texts;
    this.views = new Map();
    const folders = new Set();
    for (const path of texts.keys()) {
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
    }
    this.folders = folders;
  }

  // Paths of text files whose path matches.
  paths(pattern) {
    return [...this.texts.keys()].filter((path) => pattern.test(path) && this.texts.get(path) !== null);
  }

  has(path) {
    return this.texts.has(path) || this.folders.has(path.replace(/\/$/, ''));
  }

  text(path) {
    return this.texts.get(path);
  }

  lines(path) {
    return this.text(path).replace(/\n$/, '').split('\n');
  }

  // C++ views of one file, made once.
  view(path) {
    if (!this.views.has(path)) this.views.set(path, views_of(this.text(path)));
    return this.views.get(path);
  }
}

function walk(root, folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return skipped_folders.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

// What git knows and what it would take; everything but build folders where git does not answer.
export function files_of(root) {
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  try {
    const listed = execFileSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' });
    return [...new Set(listed.split('\0').filter(Boolean))].filter((path) => existsSync(join(root, path)));
  } catch {
    return walk(root);
  }
}

export function tree_of(root) {
  const texts = new Map();
  for (const path of files_of(root).sort()) {
    const bytes = readFileSync(join(root, path));
    const is_text = !bytes.subarray(0, 8000).includes(0) && !/\.(gguf|png|ico|woff2)$/.test(basename(path));
    texts.set(path, is_text ? bytes.toString('utf8') : null);
  }
  return new Tree(texts);
}

export function tree_from(files) {
  return new Tree(new Map(Object.entries(files)));
}
