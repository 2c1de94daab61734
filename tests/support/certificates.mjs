// A private certificate authority and a server certificate, made by the `openssl` command. Good for one
// test run.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './child.mjs';
import { temporary_folder } from './eventually.mjs';

async function openssl(...args) {
  const child = await run('openssl', args);
  assert.equal(child.code, 0, `${child.name} failed\n${child.output}`);
}

function pem(file) {
  return { file, text: readFileSync(file, 'utf8') };
}

// {authority, certificate, key}, each {file, text} in PEM. `names`: what the server may be called.
export async function make_certificates(names = 'IP:127.0.0.1,DNS:localhost') {
  const folder = temporary_folder('forebay-tls');
  const at = (file) => join(folder, file);
  const key_kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...key_kind, '-days', '2', '-subj', `/CN=test authority`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
    '-keyout', at('authority.key'), '-out', at('authority.pem'));
  await openssl('req', ...key_kind, '-subj', '/CN=test server', '-keyout', at('server.key'), '-out', at('server.csr'));
  writeFileSync(at('server.ext'), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
  await openssl('x509', '-req', '-days', '2', '-in', at('server.csr'), '-CA', at('authority.pem'),
    '-CAkey', at('authority.key'), '-CAcreateserial', '-extfile', at('server.ext'), '-out', at('server.pem'));
  return { authority: pem(at('authority.pem')), certificate: pem(at('server.pem')), key: pem(at('server.key')) };
}
