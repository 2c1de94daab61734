// Seeded random choices and the stable hash that splits the value spaces. The same seed gives the same choices everywhere.

// FNV-1a over UTF-8, mixed once more so that nearby texts fall far apart; 0 … 2^32 - 1.
export function hash_of(text) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

// One independent stream per (seed, name): mulberry32.
export class Random {
  constructor(seed, name) {
    this.state_ = hash_of(`${seed}/${name}`);
  }
  // In [0, 1).
  unit() {
    this.state_ = (this.state_ + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state_ ^ (this.state_ >>> 15), this.state_ | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  // In 0 … count - 1.
  below(count) {
    return Math.floor(this.unit() * count);
  }
  chance(probability) {
    return this.unit() < probability;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  // A key of {key: weight}.
  weighted(weights) {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    let left = this.unit() * total;
    for (const [key, weight] of Object.entries(weights)) {
      left -= weight;
      if (left < 0) return key;
    }
    return Object.keys(weights).at(-1);
  }
  shuffled(list) {
    const out = [...list];
    for (let last = out.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      [out[last], out[other]] = [out[other], out[last]];
    }
    return out;
  }
}
