// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { InstalledLink, InstalledProgram } from '../../ports.ts';
import { linkInfo } from '../links.ts';
import { isAttached } from './attach.ts';
import { idOf } from './install.ts';
import type { ProgramNotes, Shelves } from './notes.ts';
import { attachmentNamed, type PinSort, using } from './pins.ts';

/** What stands for a function that is not the program's. */
export const OTHER = '(other)';

/** What is pinned under this name, compared with what the notes say of it. */
export function installedProgram(shelves: Shelves, name: string): InstalledProgram {
  const notes = shelves.notes.read(name);
  const programs = pinnedIds(shelves, name, 'programs');
  const maps = pinnedIds(shelves, name, 'maps');
  return {
    netns: notes?.netns ?? '',
    name,
    state: stateOf(notes, programs, maps),
    ...(notes && { object: notes.object }),
    programs,
    maps,
    links: linksOf(shelves, name, notes, programs),
  };
}

function stateOf(
  notes: ProgramNotes | undefined,
  programs: Readonly<Record<string, number>>,
  maps: Readonly<Record<string, number>>,
): InstalledProgram['state'] {
  if (notes === undefined) return 'unknown';
  if (!notes.complete) return 'incomplete';
  return sameIds(notes.programs, programs) && sameIds(notes.maps, maps) ? 'whole' : 'damaged';
}

function sameIds(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

function pinnedIds({ pins }: Shelves, name: string, sort: PinSort): Readonly<Record<string, number>> {
  const ids: Record<string, number> = {};
  for (const one of pins.list(name, sort)) {
    const fd = pins.open(name, sort, one);
    if (fd !== undefined) ids[one] = using(fd, idOf);
  }
  return ids;
}

function linksOf(
  { pins }: Shelves,
  name: string,
  notes: ProgramNotes | undefined,
  programs: Readonly<Record<string, number>>,
): readonly InstalledLink[] {
  const functions = new Map(Object.entries(programs).map(([program, id]) => [id, program]));
  return pins.list(name, 'links').flatMap((pin) => {
    const fd = pins.open(name, 'links', pin);
    const named = attachmentNamed(name, pin);
    if (fd === undefined || named === undefined) return [];
    try {
      const { id, program, ifindex } = linkInfo(fd);
      const { program: _, ...asked } = notes?.attachments[pin] ?? { program: '', ...named };
      const attachment = { ...asked, program: functions.get(program) ?? OTHER };
      const attached = isAttached(fd, attachment);
      return [{ attachment, link: id, program, ifindex: named.dev === undefined ? 0 : ifindex, attached }];
    } finally {
      closeSync(fd);
    }
  });
}
