// The tables of run.mjs, and where they were measured.
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export function machine() {
  const git = spawnSync('git', ['-C', fileURLToPath(new URL('.', import.meta.url)), 'describe', '--always', '--dirty'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString(),
    commit: git.stdout?.trim(),
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

const figure = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

function row(label, ...cells) {
  return `${label.padEnd(28)}${cells.map((cell) => String(cell).padStart(28)).join('')}`;
}

// How many times as fast as the fastest other.
function factor_of(speeds) {
  const others = Object.entries(speeds).filter(([name]) => name !== 'ours');
  if (others.length === 0) return '';
  return `${(speeds.ours.median / Math.max(...others.map(([, { median }]) => median))).toFixed(1)} x`;
}

function speed_lines(slices) {
  const names = Object.keys(slices);
  const lines = [];
  for (const kind of ['cold', 'warm']) {
    lines.push('', row(`${kind}, MB/s: median (best)`, ...names));
    for (const contestant of Object.keys(slices[names[0]][kind])) {
      const cells = names.map((name) => slices[name][kind][contestant]).map(({ median, best }) => `${figure(median)} (${figure(best)})`);
      lines.push(row(`  ${contestant}`, ...cells));
    }
    lines.push(row('  ours, of the best peer', ...names.map((name) => factor_of(slices[name][kind]))));
  }
  lines.push(row('count alone, warm: ours', ...names.map((name) => figure(slices[name].count.ours.median))));
  for (const name of names) for (const each of slices[name].different) lines.push(`  DIFFERENT ids in ${name}, ours ${slices[name].tokens}, ${each}`);
  return lines;
}

function worst_lines(worst) {
  const { english, ...texts } = worst;
  const names = Object.keys(english);
  const lines = ['', row('1 MiB of, ns/byte (of English)', ...names), row('  English', ...names.map((name) => cell_of(english[name])))];
  for (const [text, taken] of Object.entries(texts)) {
    const cells = names.map((name) =>
      taken[name].error ? cell_of(taken[name]) : `${figure(taken[name])} (${(taken[name] / english[name]).toFixed(2)} x)`,
    );
    lines.push(row(`  ${text}`, ...cells));
  }
  return lines;
}

const cell_of = (value) => (value.error ? (value.error.startsWith('over') ? value.error : 'failed') : figure(value));

function group_lines(encoding, group) {
  const lines = ['', `== ${encoding}`];
  if (group.slices) lines.push(...speed_lines(group.slices));
  if (group.probe) {
    const names = Object.keys(group.probe);
    lines.push('', row('memory probe, MB/s', ...names), row('  one look-up a piece', ...names.map((name) => figure(group.probe[name].mb_s))));
    lines.push(row('  cutting alone', ...names.map((name) => figure(group.probe[name].split_mb_s))));
    lines.push(row('  bytes a piece', ...names.map((name) => figure(group.probe[name].bytes_a_piece))));
  }
  if (group.latency) {
    const names = Object.keys(group.latency);
    lines.push('', row('count of 4 KiB, µs', ...names));
    for (const point of ['p50_us', 'p99_us']) lines.push(row(`  ${point.slice(0, 3)}`, ...names.map((name) => figure(group.latency[name][point]))));
  }
  if (group.start_ms) {
    const names = Object.keys(group.start_ms);
    lines.push('', row('opening, ms', ...names), row('', ...names.map((name) => figure(group.start_ms[name]))));
  }
  if (group.worst) lines.push(...worst_lines(group.worst));
  return lines;
}

export function tables({ machine: where, options, corpus, groups }) {
  return [
    `${where.cpu}, ${where.cores} cores, ${where.memory_gib} GiB, Linux ${where.kernel}; node ${where.node}`,
    `${where.date}, commit ${where.commit}; one thread, ${options.rounds} rounds, documents of 4 KiB; texts: ${corpus}`,
    ...Object.entries(groups).flatMap(([encoding, group]) => group_lines(encoding, group)),
  ].join('\n');
}
