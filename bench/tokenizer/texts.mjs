// The texts that are measured: documents of 4 KiB, cut between characters, of real text; and what is hard.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { corpus_text } from './corpus.mjs';

export const document_bytes = 4096;
const repository = fileURLToPath(new URL('../..', import.meta.url));

// Numbers in [0, 1), the same ones for the same seed (mulberry32).
export function random_of(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function documents_of(text, size = document_bytes) {
  const documents = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + size, text.length);
    while (end < text.length && (text[end] & 0xc0) === 0x80) --end;
    documents.push(text.subarray(at, end));
    at = end;
  }
  return documents;
}

// As many of them as make `bytes`, from all over the text.
function spread(documents, bytes) {
  const count = Math.min(documents.length, Math.round(bytes / document_bytes));
  return Array.from({ length: count }, (_, i) => documents[Math.floor((i * documents.length) / count)]);
}

// Turn by turn, so that the languages alternate.
function interleaved(lists) {
  const out = [];
  for (let i = 0; i < Math.max(...lists.map((list) => list.length)); ++i) {
    for (const list of lists) if (i < list.length) out.push(list[i]);
  }
  return out;
}

// The real slices: {english, cpp, 'zh/ja/ru'}, lists of documents, about `bytes` each.
export function corpus_slices(bytes = 4e6) {
  const some = (language, size) => spread(documents_of(corpus_text(language)), size);
  return {
    english: some('english', bytes),
    'C++ code': some('cpp', bytes),
    'zh/ja/ru': interleaved(['chinese', 'japanese', 'russian'].map((language) => some(language, bytes / 3))),
  };
}

function repository_files(folder, pattern) {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name) && !(entry.parentPath ?? entry.path).includes('node_modules'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const phrases = [
  '春天，河水从山上流下来，',
  '水位上升了１２厘米。',
  '请在重新启动服务器之前保存所有文件；',
  '他说：“明天再来吧！”\n',
  '配置文件的格式没有改变，',
  '川は春になると丘から流れてくる。',
  'このコマンドは、指定されたファイルを読み込みます。',
  '詳しくはマニュアルをご覧ください',
  '、それから',
  'サーバー\n',
  'Река весной течёт с холмов. ',
  'Эта команда читает файл, имя которого указано, ',
  'и выводит 42 строки. ',
  'Объём памяти ограничен; ',
  'попробуйте ещё раз!\n',
];

// Stand-ins for the slices that need no corpus: this repository's documents and sources, and phrases in random order.
export function quick_slices(bytes = 1e5) {
  const random = random_of(7);
  const read = (paths) => Buffer.concat(paths.map((path) => readFileSync(path)));
  let mixed = '';
  while (mixed.length < bytes / 2) mixed += phrases[Math.floor(random() * phrases.length)];
  return {
    english: spread(documents_of(read(repository_files('docs', /\.md$/))), bytes),
    'C++ code': spread(documents_of(read(repository_files('src', /\.(cpp|h)$/))), bytes),
    'zh/ja/ru': documents_of(Buffer.from(mixed)).slice(0, Math.round(bytes / document_bytes)),
  };
}

// Where words of many scripts begin and how many letters follow there.
const scripts = [
  [0x61, 26], [0x41, 26], [0x430, 32], [0x410, 32], [0x3b1, 17], [0x5d0, 27], [0x627, 20], [0x905, 50], [0xe01, 46],
  [0x3041, 80], [0x30a1, 80], [0x4e00, 20000], [0xac00, 11000], [0x10a0, 30], [0x531, 38],
];

function mixed_scripts(bytes, random) {
  let text = '';
  for (let size = 0; size < bytes; ) {
    const [first, count] = scripts[Math.floor(random() * scripts.length)];
    for (let letters = 1 + Math.floor(random() * 4); letters > 0 && size < bytes; --letters) {
      const character = String.fromCodePoint(first + Math.floor(random() * count));
      text += character;
      size += Buffer.byteLength(character);
    }
  }
  return Buffer.from(text);
}

// What hangs other tokenizers, each of about `bytes`.
export function worst_texts(bytes = 2 ** 20) {
  const random = random_of(11);
  return {
    'one letter': Buffer.alloc(bytes, 'a'),
    spaces: Buffer.alloc(bytes, ' '),
    digits: Buffer.alloc(bytes, '7'),
    newlines: Buffer.alloc(bytes, '\n'),
    'one emoji': Buffer.from('😀'.repeat(bytes / 4)),
    'random bytes': Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256))),
    underscores: Buffer.alloc(bytes, '_'),
    'mixed scripts, no spaces': mixed_scripts(bytes, random),
    'random letters, no spaces': Buffer.from(Array.from({ length: bytes }, () => 97 + Math.floor(random() * 26))),
  };
}

// The form in which documents reach the processes that encode them: size in four bytes, little end first, then text.
export function write_documents(path, documents) {
  const parts = documents.flatMap((document) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(document.length);
    return [size, document];
  });
  writeFileSync(path, Buffer.concat(parts));
}

export function read_documents(path) {
  const bytes = readFileSync(path);
  const documents = [];
  for (let at = 0; at < bytes.length; at += 4 + documents.at(-1).length) {
    documents.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at)));
  }
  return documents;
}
