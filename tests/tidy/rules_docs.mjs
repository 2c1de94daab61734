// Rules about documents and about what no file of the repository may say.
const markdown = /\.md$/;

function blank(span) {
  return span.replace(/[^\n]/g, ' ');
}

function without_fences(text) {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank);
}

// The text with fenced blocks and inline code blanked: links are looked for in the rest.
function prose_of(text) {
  return without_fences(text).replace(/`[^`\n]*`/g, blank);
}

// Headings as GitHub makes anchors of them.
function anchors_of(text) {
  const seen = new Map();
  const headings = without_fences(text).matchAll(/^#{1,6}\s+(.*)$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

function resolved(from, target) {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function line_at(text, index) {
  return text.slice(0, index).split('\n').length;
}

// Why a link from `path` does not resolve, or nothing.
function fault_of(tree, path, link) {
  const [target, anchor] = link.split('#');
  const to = target ? resolved(path, decodeURI(target)) : path;
  if (to !== '' && !tree.has(to)) return `the link to ${link} leads nowhere`;
  if (anchor && markdown.test(to) && !anchors_of(tree.text(to)).has(anchor)) return `${to} has no heading #${anchor}`;
  return undefined;
}

// "src/serving/stage_*.cpp" and "src/x/{a,b}.h" as patterns.
function pattern_of(named) {
  const escaped = named.replace(/[.+^$()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
  return new RegExp(`^${escaped.replace(/\{([^}]*)\}/g, (all, list) => `(?:${list.split(',').join('|')})`)}`);
}

// NAME and NNNN stand for what the reader fills in.
const placeholder = /\b(?:NAME|NNNN)(?:\b|_)/;
const named_paths = /`((?:src|tests|scripts|cmake|third_party|examples|bench|docs)\/[\w./*{},-]*)`/g;

// In two halves, so that this file does not break its own rules.
const machine_paths = new RegExp(`(?<![\\w./~}-])/(?:wo${'rk'}|ro${'ot'}|tm${'p'}|ho${'me'}/\\w+)(?:/|\\b)(?!\\w)`);
const hosts = ['registry.npm' + 'js', 'deb.deb' + 'ian.org', 'snapshot.deb' + 'ian', 'pypi.' + 'org', 'crates.' + 'io'];
const package_hosts = new RegExp(hosts.map((host) => host.replaceAll('.', '\\.')).join('|'));

function lines_with(tree, pattern, message) {
  return tree.paths(/./).flatMap((path) => {
    if (!pattern.test(tree.text(path))) return [];
    return tree
      .lines(path)
      .map((text, index) => ({ path, line: index + 1, message, hit: pattern.test(text) }))
      .filter(({ hit }) => hit);
  });
}

export const doc_rules = [
  {
    name: 'links',
    check(tree) {
      return tree.paths(markdown).flatMap((path) => {
        const prose = prose_of(tree.text(path));
        return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)]
          .filter(([, link]) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
          .map((match) => ({ path, line: line_at(prose, match.index), message: fault_of(tree, path, match[1]) }))
          .filter(({ message }) => message);
      });
    },
    bad: [
      { 'docs/a.md': 'see [b](b.md)\n' },
      { 'docs/a.md': 'see [b](b.md#two)\n', 'docs/b.md': '# One\n' },
      { 'docs/a.md': 'see [c](../../c.md)\n' },
    ],
    good: [
      { 'docs/a.md': '[b](b.md#a-b-2) [r](../README.md)\n', 'docs/b.md': '# A b 2\n', 'README.md': '' },
      { 'docs/a.md': '[x](https://a.example/b) `[z](z.md)` [src](../src/)\n', 'src/x/a.h': '' },
    ],
  },
  {
    name: 'named_files',
    check(tree) {
      return tree.paths(/^(?:ARCHITECTURE|CONTRIBUTING|README|AGENTS)\.md$/).flatMap((path) => {
        const text = without_fences(tree.text(path));
        const is_there = (named) => tree.has(named) || [...tree.texts.keys()].some((one) => pattern_of(named).test(one));
        return [...text.matchAll(named_paths)]
          .filter(([, named]) => !placeholder.test(named) && !is_there(named))
          .map((match) => ({ path, line: line_at(text, match.index), message: `there is no ${match[1]}` }));
      });
    },
    bad: [{ 'ARCHITECTURE.md': 'in `src/x/gone.cpp`\n' }, { 'ARCHITECTURE.md': 'in `src/x/b_*.cpp`\n', 'src/x/a.cpp': '' }],
    good: [{ 'ARCHITECTURE.md': 'in `src/x/a.cpp`, `src/x/`, `src/x/*.cpp` and `src/x/{a,b}.cpp`\n', 'src/x/a.cpp': '' }],
  },
  {
    name: 'machine_paths',
    check(tree) {
      const message = 'names a folder of one machine: write a relative path, or ask for a temporary folder';
      return lines_with(tree, machine_paths, message);
    },
    bad: [{ 'a.sh': `cd /wo${'rk'}/x\n` }, { 'a.md': `in \`/tm${'p'}\`\n` }, { 'a.cpp': `f("/ro${'ot'}/.cache");\n` }],
    good: [{ 'a.sh': 'cd "$root/tmp/x"; ls ./work/a examples/work/b https://a.example/work/ /networks\n' }],
  },
  {
    name: 'package_hosts',
    check(tree) {
      return lines_with(tree, package_hosts, "names a package host: the package manager's own settings decide that");
    },
    bad: [{ 'package-lock.json': `"resolved": "https://registry.npm${'js'}.org/a"\n` }],
    good: [{ 'package-lock.json': '"integrity": "sha512-x"\n' }],
  },
  {
    name: 'final_newline',
    check(tree) {
      return tree
        .paths(/\.(?:cpp|h|md|mjs|sh|cmake|txt|yaml|sql)$/)
        .filter((path) => tree.text(path) !== '' && !/[^\n]\n$/.test(tree.text(path)))
        .map((path) => ({ path, line: tree.lines(path).length, message: 'end the file with one newline' }));
    },
    bad: [{ 'a.md': 'text' }, { 'a.md': 'text\n\n' }],
    good: [{ 'a.md': 'text\n' }],
  },
];
