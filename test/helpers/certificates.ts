// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';

/** A certificate with its key, as files and as bytes. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
  readonly pem: { readonly cert: Buffer; readonly key: Buffer };
}

/** A certificate authority in a directory, made by openssl. */
export interface Authority extends Identity {
  /** Sign a certificate for `commonName`, with alternative names in openssl's form (`DNS:a,URI:b`). */
  issue(commonName: string, names: string): Identity;
}

/** Make an authority. */
export function authority(directory: string, name: string): Authority {
  const own = filesOf(directory, name);
  openssl('req', '-x509', ...newKey(own), '-subj', `/CN=${name}`, '-days', '2');
  return {
    ...identityOf(own),
    issue(commonName, names) {
      const files = filesOf(directory, `${name}-${commonName}`);
      const extensions = `${files.certificate}.ext`;
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      openssl(
        'req',
        ...newKey({ ...files, certificate: `${files.certificate}.csr` }),
        '-subj',
        `/CN=${commonName}`,
      );
      const signer = ['-CA', own.certificate, '-CAkey', own.key, '-CAcreateserial', '-days', '2'];
      const request = ['-in', `${files.certificate}.csr`, '-out', files.certificate, '-extfile', extensions];
      openssl('x509', '-req', ...request, ...signer);
      return identityOf(files);
    },
  };
}

interface Files {
  readonly certificate: string;
  readonly key: string;
}

function filesOf(directory: string, name: string): Files {
  return { certificate: `${directory}/${name}.crt`, key: `${directory}/${name}.key` };
}

function identityOf(files: Files): Identity {
  chmodSync(files.key, 0o600);
  return { ...files, pem: { cert: readFileSync(files.certificate), key: readFileSync(files.key) } };
}

function newKey({ certificate, key }: Files): readonly string[] {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  return [...curve, '-keyout', key, '-out', certificate];
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
