// SPDX-License-Identifier: Apache-2.0

/** The choices of an Accept or Accept-Encoding header with their qualities, 0 to 1 (RFC 9110, section 12.4.2). */
export function qualities(header: string | undefined): ReadonlyMap<string, number> {
  return new Map((header ?? '').toLowerCase().split(',').map(parseChoice));
}

/** Media type of JSON lines. */
export const NDJSON = 'application/x-ndjson';

/** True when an Accept header names `mediaType`, and does not like plain JSON as much. */
export function prefers(mediaType: string, header: string | undefined): boolean {
  const choices = qualities(header);
  return (choices.get(mediaType) ?? 0) > (choices.get('application/json') ?? 0);
}

function parseChoice(choice: string): [name: string, quality: number] {
  const [name = '', ...parameters] = choice.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const value = quality === undefined ? 1 : Number(quality.slice(2));
  return [name, Number.isNaN(value) ? 0 : value];
}
