// SPDX-License-Identifier: Apache-2.0
import type { PeerCertificate } from 'node:tls';
import type { Role } from '../../api/role.ts';

/** Gives a role to certificates that carry `match`: `CN=name`, `DNS:name`, `URI:id`, `email:address`. */
export interface CertificateRule {
  readonly match: string;
  readonly role: Role;
}

/** The names in a certificate, in the form that rules are written in. */
export function certificateNames(certificate: PeerCertificate): readonly string[] {
  const commonName: unknown = certificate.subject?.CN;
  const names = typeof commonName === 'string' ? [`CN=${commonName}`] : [];
  return [...names, ...alternativeNames(certificate.subjectaltname ?? '')];
}

/** The first rule that fits one of the names, with that name. Names are compared whole and literally. */
export function matchCertificate(
  rules: readonly CertificateRule[],
  certificate: PeerCertificate,
): { readonly name: string; readonly role: Role } | undefined {
  const names = new Set(certificateNames(certificate));
  const rule = rules.find(({ match }) => names.has(match));
  return rule === undefined ? undefined : { name: rule.match, role: rule.role };
}

/** Node joins the names with `, ` and writes one that holds a comma or quote as a JSON string. */
function alternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const [, type = '', value = ''] of text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g))
    names.push(`${type}:${value.startsWith('"') ? (JSON.parse(value) as string) : value}`);
  return names;
}
