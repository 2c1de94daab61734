// What hurried customers do to a text: typos, lower case, missing or doubled punctuation. Characters of the private use area
// stand for order numbers, dates and names and are never touched.

function typo(random, word) {
  const letters = [...word];
  const at = 1 + random.below(letters.length - 2); // the first and last letters stay
  const kind = random.weighted({ swap: 40, drop: 35, double: 25 });
  if (kind === 'swap' && at + 1 < letters.length - 1) [letters[at], letters[at + 1]] = [letters[at + 1], letters[at]];
  else if (kind === 'double') letters.splice(at, 0, letters[at]);
  else letters.splice(at, 1);
  return letters.join('');
}

function with_typos(random, text) {
  const words = [...text.matchAll(/\p{L}{4,}/gu)];
  const count = random.chance(0.7) ? 1 : 2;
  const chosen = random.shuffled(words).slice(0, count).sort((a, b) => b.index - a.index);
  return chosen.reduce((out, { 0: word, index }) => out.slice(0, index) + typo(random, word) + out.slice(index + word.length), text);
}

// `typo_rate`: the share of messages with one or two typos. `lower`: the customer writes everything in lower case.
export function with_noise(random, text, { typo_rate, lower }) {
  let out = random.chance(typo_rate) ? with_typos(random, text) : text;
  if (lower) out = out.toLowerCase();
  if (random.chance(0.08)) out = out.replace(/[.!]$/, '');
  if (random.chance(0.05)) out = out.replace(/\?/, '??');
  if (random.chance(0.04)) out = out.replace(/\./, '!');
  if (random.chance(0.03)) out = out.replace(/\. /, '... ');
  if (random.chance(0.02)) out = out.replaceAll(',', '');
  return out;
}
