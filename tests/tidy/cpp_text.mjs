// Views of C++ text for rules that are patterns: the same lines and columns, with what the rule must not
// see replaced by spaces. Not a parser: it knows comments, literals, directives and braces.

function blank(text) {
  return text.replace(/[^\n]/g, ' ');
}

// The end of the literal or comment that starts at `at`, or 0 where none starts; and its kind.
function span_at(text, at) {
  const two = text.slice(at, at + 2);
  if (two === '//') {
    const end = text.indexOf('\n', at);
    return { kind: 'comment', end: end < 0 ? text.length : end };
  }
  if (two === '/*') {
    const end = text.indexOf('*/', at + 2);
    return { kind: 'comment', end: end < 0 ? text.length : end + 2 };
  }
  const raw = two === 'R"' && !/\w/.test(text[at - 1] ?? ' ') ? text.slice(at).match(/^R"([^()\\\s]{0,16})\(/) : null;
  if (raw) {
    const end = text.indexOf(`)${raw[1]}"`, at);
    return { kind: 'string', end: end < 0 ? text.length : end + raw[1].length + 2 };
  }
  const quote = text[at];
  // A digit before ' is a separator inside a number.
  if (quote === '"' || (quote === "'" && !/[0-9a-fA-F]/.test(text[at - 1] ?? ' '))) {
    let end = at + 1;
    while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
    return { kind: 'string', end: Math.min(end + 1, text.length) };
  }
  return { end: 0 };
}

// `uncommented`: without comments. `code`: also without the insides of literals and without #include lines.
// `strings`: [{line, text}] with the literals' insides, as written.
export function views_of(text) {
  let uncommented = '';
  let code = '';
  const strings = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const { kind, end } = span_at(text, at);
    if (end === 0) {
      uncommented += text[at];
      code += text[at];
      if (text[at] === '\n') line += 1;
      at += 1;
      continue;
    }
    const span = text.slice(at, end);
    uncommented += kind === 'comment' ? blank(span) : span;
    if (kind === 'string' && span.length >= 2) {
      code += span[0] + blank(span.slice(1, -1)) + span.at(-1);
      strings.push({ line, text: span });
    } else {
      code += blank(span);
    }
    line += span.split('\n').length - 1;
    at = end;
  }
  return { uncommented, code, strings };
}

// `code` with preprocessor directives, and the lines that continue them, blanked.
export function without_directives(code) {
  return code.replace(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, blank);
}

const control = /^(?:else\s+)?(?:if|for|while|switch|do|else|try|catch)\b/;
const access = /^\s*(?:(?:public|private|protected)\s*:\s*)*/;
const type_head = /^(?:template\s*<.*>\s*)?(?:class|struct|union|enum|namespace)\b/s;

function is_balanced(head) {
  let depth = 0;
  for (const c of head) {
    if (c === '(') depth += 1;
    if (c === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

// Whether the text before a brace is a function's (or a lambda's) head.
function is_function_head(head) {
  if (control.test(head) || type_head.test(head) || !is_balanced(head)) return false;
  if (/\[[^\]]*\]\s*(?:mutable|noexcept)?\s*$/.test(head)) return true;
  const close = head.lastIndexOf(')');
  return close >= 0 && !head.slice(close).includes('=');
}

// Every outermost function body: {name, line, lines}; what it contains counts as its own.
export function functions_of(text) {
  const code = without_directives(views_of(text).code);
  const found = [];
  const open = []; // per brace: null, or the function that it opens
  let head_start = 0;
  for (let at = 0; at < code.length; at += 1) {
    const c = code[at];
    if (c === ';') head_start = at + 1;
    if (c === '{') {
      const head = code.slice(head_start, at).replace(access, '').trim();
      const inside = open.some((one) => one !== null);
      if (!inside && is_function_head(head)) {
        const lead = code.slice(head_start, at).match(access)[0].length;
        open.push({ name: name_in(head), start: head_start + lead });
      } else {
        open.push(null);
      }
      head_start = at + 1;
    }
    if (c === '}') {
      const one = open.pop();
      if (one) {
        const line = code.slice(0, one.start).split('\n').length;
        found.push({ name: one.name, line, lines: code.slice(one.start, at).split('\n').length });
      }
      head_start = at + 1;
    }
  }
  return found;
}

function name_in(head) {
  const test = head.match(/^(TEST(?:_[FP])?)\s*\(\s*(\w+)\s*,\s*(\w+)/);
  if (test) return `${test[2]}.${test[3]}`;
  return head.match(/([~\w:]+|operator\S+)\s*\(/)?.[1] ?? head.match(/(\w+)\s*=\s*\[/)?.[1] ?? 'a function';
}

export function line_of(text, index) {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
