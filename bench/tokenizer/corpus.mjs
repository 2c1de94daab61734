// Real text in many languages for the tokenizer's benchmark and its differential tests: taken out of Debian packages
// that apt has verified, never installed, and kept in the project's cache folder. One file per language; the listing
// says what each is made of. This file is the recipe: a change to it makes a new corpus.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const help = `node bench/tokenizer/corpus.mjs [--folder] [--help]

Makes the corpus where it is missing (about 65 MB of Debian packages, a minute) and lists it by language.

  --folder    print its folder alone
  --help      this text

Environment: FOREBAY_CACHE, where it is kept (~/.cache/forebay).`;

const mib = 2 ** 20;

// Text of one file of a package. A man page is roff: requests lose their names, escapes their backslashes.
const readers = {
  text: (bytes) => utf8(bytes),
  roff: (bytes) =>
    utf8(bytes)
      .replace(/^[.']\\".*\n/gm, '')
      .replace(/^[.'][a-zA-Z]{0,3}[ \t]*/gm, '')
      .replace(/\\f[A-Z]|\\f\([A-Z]{2}|\\f\[[^\]]*\]|\\&|\\c|\\s[-+]?\d/g, '')
      .replace(/\\([-'` ])/g, '$1')
      .replace(/\\\(aq|\\\[aq\]/g, "'")
      .replace(/\\e|\\\\/g, '\\'),
  html: (bytes) =>
    entities(
      utf8(bytes)
        .replace(/<(script|style|head)\b[\s\S]*?<\/\1>/g, '')
        .replace(/<[^>]*>/g, ''),
    ).replace(/\n\s*\n\s*/g, '\n'),
  // GNU gettext's catalogues: the translated strings.
  catalogue: (bytes) => {
    const [count, , table] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12), bytes.readUInt32LE(16)];
    const strings = [];
    for (let i = 1; i < count; ++i) {
      const [size, at] = [bytes.readUInt32LE(table + 8 * i), bytes.readUInt32LE(table + 8 * i + 4)];
      strings.push(utf8(bytes.subarray(at, at + size)).replaceAll('\0', '\n'));
    }
    return strings.join('\n');
  },
  // CLDR: `<annotation cp="😀">face | grin</annotation>`.
  annotations: (bytes) =>
    entities(utf8(bytes).replace(/<annotation cp="([^"]*)"[^>]*>([^<]*)<\/annotation>/g, '$1 $2').replace(/<[^>]*>/g, '')).replace(
      /\n\s*/g,
      '\n',
    ),
  // A dictionary of hunspell's, a word a line.
  words: (bytes) => utf8(bytes).replace(/\/.*$/gm, ''),
};

const cldr = 'am|ar|bn|de|el|en|es|fa|fr|he|hi|ja|ka|ko|my|ru|ta|th|tr|uk|ur|vi|zh|zh_Hant';
// What of each package belongs to a language, in the order in which it is taken until there are `bytes_max`.
const languages = {
  english: {
    bytes_max: 6 * mib,
    parts: [
      ['git-doc', /\/git-doc\/.*\.txt$/, 'text'],
      ['debian-policy', /\/(policy|upgrading-checklist)\.txt\.gz$/, 'text'],
      ['python-django-doc', /\/html\/(topics|ref|howto|intro|faq|internals)\/.*\.html$/, 'html'],
      ['manpages', /\/man\d\/.*\.gz$/, 'roff'],
      ['manpages-dev', /\/man\d\/.*\.gz$/, 'roff'],
    ],
  },
  cpp: {
    bytes_max: 6 * mib,
    parts: [
      ['nlohmann-json3-dev', /\.hpp$/, 'text'],
      ['libeigen3-dev', /\/eigen3\/(?!.*(?:\/features|Find)).*$/, 'text'],
      ['libstdc++-12-dev', /\/include\/.*$/, 'text'],
    ],
  },
  javascript: { bytes_max: 3 * mib, parts: [['node-undici', /\.js$/, 'text'], ['libjs-three', /(?<!\.min)\.js$/, 'text']] },
  python: { bytes_max: 4 * mib, parts: [['libpython3.11-stdlib', /\.py$/, 'text']] },
  chinese: {
    bytes_max: 6 * mib,
    parts: [
      ['fortunes-zh', /\/(chinese|tang300|song100)$/, 'text'],
      ['debian-reference-zh-cn', /\.txt\.gz$/, 'text'],
      ['manpages-zh', /\/man\d\/.*\.gz$/, 'roff'],
    ],
  },
  japanese: {
    bytes_max: 6 * mib,
    parts: [
      ['debian-reference-ja', /\.txt\.gz$/, 'text'],
      ['manpages-ja', /\/man\d\/.*\.gz$/, 'roff'],
      ['manpages-ja-dev', /\/man\d\/.*\.gz$/, 'roff'],
    ],
  },
  russian: {
    bytes_max: 6 * mib,
    parts: [
      ['fortunes-ru', /\/fortunes\/ru\/[^.]*$/, 'text'],
      ['manpages-ru', /\/man\d\/.*\.gz$/, 'roff'],
      ['manpages-ru-dev', /\/man\d\/.*\.gz$/, 'roff'],
    ],
  },
  arabic: {
    bytes_max: 4 * mib,
    parts: [
      ['wordpress-l10n', /\/(admin-)?ar\.mo$/, 'catalogue'],
      ['libreoffice-l10n-ar', /\.mo$/, 'catalogue'],
      ['hunspell-ar', /\/ar\.dic$/, 'words'],
    ],
  },
  hindi: {
    bytes_max: 4 * mib,
    parts: [
      ['libreoffice-l10n-hi', /\.mo$/, 'catalogue'],
      ['hunspell-hi', /\/hi_IN\.dic$/, 'words'],
      ['libreoffice-help-hi', /\/text\/.*\.html$/, 'html'],
    ],
    lines_with: /\p{Script=Devanagari}/u, // much of the help is not translated
  },
  emoji: {
    bytes_max: 5 * mib,
    parts: [
      ['unicode-data', /\/emoji-.*\.txt$/, 'text'],
      ['unicode-cldr-core', new RegExp(`/annotations(Derived)?/(${cldr})\\.xml$`), 'annotations'],
    ],
  },
};

function utf8(bytes) {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function entities(text) {
  const named = { lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', amp: '&' };
  return text
    .replace(/&#(x?)([0-9a-fA-F]+);/g, (_, hex, digits) => String.fromCodePoint(parseInt(digits, hex ? 16 : 10)))
    .replace(/&(lt|gt|quot|apos|nbsp|amp);/g, (_, name) => named[name]);
}

function must(command, args, options) {
  const child = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (child.error) throw new Error(`${command} cannot be started: ${child.error.message}`);
  if (child.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${child.stderr || child.stdout}`);
  return child.stdout;
}

const packages = [...new Set(Object.values(languages).flatMap(({ parts }) => parts.map(([name]) => name)))];

export function cache_folder() {
  return process.env.FOREBAY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'forebay');
}

export function corpus_folder() {
  const recipe = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  return join(cache_folder(), `tokenizer-corpus-${recipe.digest('hex').slice(0, 12)}`);
}

function files_below(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

// {text, sources} of one language. A file that is not UTF-8, such as a man page in an old encoding, is left out.
function gather(unpacked, { bytes_max, parts, lines_with }) {
  const texts = [];
  const sources = {};
  let bytes = 0;
  for (const [name, pattern, reader] of parts) {
    for (const path of files_below(join(unpacked, name)).filter((each) => pattern.test(each))) {
      if (bytes >= bytes_max) break;
      const raw = readFileSync(path);
      let text;
      try {
        text = readers[reader](path.endsWith('.gz') ? gunzipSync(raw) : raw);
      } catch {
        continue;
      }
      if (lines_with) text = text.split('\n').filter((line) => lines_with.test(line)).join('\n');
      texts.push(text);
      bytes += Buffer.byteLength(text);
      sources[name] = (sources[name] ?? 0) + Buffer.byteLength(text);
    }
  }
  return { text: texts.join('\n'), sources };
}

function make(folder) {
  mkdirSync(cache_folder(), { recursive: true });
  const work = mkdtempSync(`${folder}.work-`);
  try {
    try {
      must('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: work });
    } catch (error) {
      throw new Error(`the corpus's Debian packages cannot be fetched; perhaps apt-get update helps\n${error.message}`);
    }
    const versions = {};
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      const name = file.split('_')[0];
      versions[name] = decodeURIComponent(file.split('_')[1]);
      mkdirSync(join(work, 'unpacked', name), { recursive: true });
      must('dpkg-deb', ['-x', join(work, file), join(work, 'unpacked', name)]);
    }
    const listing = { packages: versions, languages: {} };
    const made = join(work, 'corpus');
    mkdirSync(made);
    for (const [language, recipe] of Object.entries(languages)) {
      const { text, sources } = gather(join(work, 'unpacked'), recipe);
      writeFileSync(join(made, `${language}.txt`), text);
      const sha256 = createHash('sha256').update(text).digest('hex');
      listing.languages[language] = { bytes: Buffer.byteLength(text), characters: [...text].length, sha256, sources };
    }
    writeFileSync(join(made, 'listing.json'), `${JSON.stringify(listing, null, 2)}\n`);
    renameSync(made, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

// The listing, after making what is missing.
export function ensure_corpus() {
  const folder = corpus_folder();
  if (!existsSync(join(folder, 'listing.json'))) {
    process.stderr.write('fetching the corpus: about 65 MB of Debian packages\n');
    make(folder);
  }
  return JSON.parse(readFileSync(join(folder, 'listing.json'), 'utf8'));
}

export function corpus_text(language) {
  return readFileSync(join(corpus_folder(), `${language}.txt`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) {
    console.log(help);
  } else {
    const listing = ensure_corpus();
    if (process.argv.includes('--folder')) {
      console.log(corpus_folder());
    } else {
      let total = 0;
      for (const [language, { bytes, characters, sources }] of Object.entries(listing.languages)) {
        const from = Object.entries(sources).map(([name, size]) => `${name} ${listing.packages[name]} (${(size / 1e6).toFixed(1)} MB)`);
        const size = `${(bytes / 1e6).toFixed(2).padStart(6)} MB  ${String(characters).padStart(9)} characters`;
        console.log(`${language.padEnd(11)} ${size}  ${from.join(', ')}`);
        total += bytes;
      }
      console.log(`${'all'.padEnd(11)} ${(total / 1e6).toFixed(2).padStart(6)} MB`);
    }
  }
}
