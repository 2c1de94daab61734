// Reads ctest's JUnit file: prints what failed with the end of its output, names what was skipped, and
// writes "passed failed skipped seconds". Exit code 1 when anything failed.
//
// node scripts/ctest_report.mjs JUNIT RESULT LANE SECONDS CTEST_STATUS
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [junit, result, lane, seconds, ctest_status] = process.argv.slice(2);
const output_lines_max = 40;

function unescape_xml(text) {
  const names = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hexadecimal, name) => {
    if (name) return names[name] ?? all;
    return String.fromCodePoint(decimal ? Number(decimal) : parseInt(hexadecimal, 16));
  });
}

function read_cases(file) {
  if (!existsSync(file)) return [];
  const cases = [];
  for (const [, attributes, body] of readFileSync(file, 'utf8').matchAll(/<testcase ([^>]*)>(.*?)<\/testcase>/gs)) {
    const attribute = (name) => unescape_xml(attributes.match(new RegExp(`${name}="([^"]*)"`))?.[1] ?? '');
    const reason = unescape_xml(body.match(/<(?:failure|skipped|error) message="([^"]*)"/)?.[1] ?? '');
    const output = unescape_xml(body.match(/<system-out>(.*?)<\/system-out>/s)?.[1] ?? '');
    cases.push({ name: attribute('name'), seconds: attribute('time'), status: attribute('status'), reason, output });
  }
  return cases;
}

// ctest calls a test that asked to be skipped "notrun" too; only that one says SKIP.
const is_skipped = (one) => one.status === 'disabled' || (one.status === 'notrun' && /^SKIP/.test(one.reason));

const cases = read_cases(junit);
const skipped = cases.filter(is_skipped);
const passed = cases.filter((one) => one.status === 'run');
const failed = cases.filter((one) => one.status !== 'run' && !is_skipped(one));

for (const one of failed) {
  const lines = one.output.trimEnd().split('\n');
  const end = lines.slice(-output_lines_max);
  console.log(`\nFAILED ${lane}: ${one.name} (${one.seconds} s)${one.reason ? `: ${one.reason}` : ''}`);
  if (lines.length > end.length) console.log(`  … ${lines.length - end.length} lines before`);
  for (const line of end) console.log(`  ${line}`);
}
for (const one of skipped) console.log(`skipped ${lane}: ${one.name}: ${one.reason || one.status}`);

let failures = failed.length;
if (failures === 0 && Number(ctest_status) !== 0) {
  console.log(`\nFAILED ${lane}: ctest ended with ${ctest_status}; its output is in ctest.log beside ${junit}`);
  failures = 1;
}
writeFileSync(result, `${passed.length} ${failures} ${skipped.length} ${seconds}\n`);
process.exit(failures === 0 ? 0 : 1);
