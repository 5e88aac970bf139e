// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { addressMessage, linkMessage, type Message, UP } from '../../test/helpers/scripted-io.ts';
import { wireOf } from '../base/wire.ts';
import { LinkTable } from './link-table.ts';
import { projectAddress } from './project/address.ts';
import { type ProjectedLink, projectLink } from './project/link.ts';

function projected({ payload }: Message): ProjectedLink {
  return projectLink(wireOf(payload), 0, payload.length) as ProjectedLink;
}

function addressOf({ payload }: Message) {
  return projectAddress(wireOf(payload), 0, payload.length);
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

test('a device that comes later gives its name to those that stand on it', () => {
  const table = new LinkTable('');
  table.putLink(projected(linkMessage(2, 'mv0', { link: 5, master: 6 })));
  expect(table.row(2)?.link).toMatchObject({ link: 'if5', master: 'if6' });
  table.putLink(projected(linkMessage(5, 'lower')));
  table.putLink(projected(linkMessage(6, 'br0')));
  expect(table.row(2)?.link).toMatchObject({ link: 'lower', master: 'br0' });
});

test('a new name reaches settings, addresses and labels; the old link object stays as it was', () => {
  const table = new LinkTable('');
  table.putLink(projected(linkMessage(5, 'eth0')));
  table.putAddress(addressOf(addressMessage(5, 1)));
  const linkinfo = { kind: 'vxlan', data: { kind: 'vxlan', id: 7, link: 5 } } as const;
  table.putLink(projected(linkMessage(6, 'vx0', { linkinfo })));
  const before = table.row(6)?.link;
  expect(before?.linkinfo?.info_data).toMatchObject({ id: 7, link: 'eth0' });
  table.putLink(projected(linkMessage(5, 'wan"0')));
  expect(table.row(6)?.link.linkinfo?.info_data).toMatchObject({ id: 7, link: 'wan"0' });
  expect(before?.linkinfo?.info_data).toMatchObject({ link: 'eth0' });
  expect(table.addresses()).toMatchObject([{ ifname: 'wan"0', local: '192.0.2.1' }]);
  expect(text(table.row(5)?.labels)).toBe('device="wan\\"0"');
});

test('M-DOWN follows the lower device', () => {
  const table = new LinkTable('');
  table.putLink(projected(linkMessage(5, 'eth0', {}, { flags: UP })));
  table.putLink(projected(linkMessage(6, 'mv0', { link: 5 }, { flags: 0 })));
  expect(table.row(6)?.link.flags).toEqual([]);
  table.putLink(projected(linkMessage(5, 'eth0', {}, { flags: 0 })));
  expect(table.row(6)?.link.flags).toEqual(['M-DOWN']);
  table.putLink(projected(linkMessage(5, 'eth0', {}, { flags: UP })));
  expect(table.row(6)?.link.flags).toEqual([]);
});

test('a device in another namespace is shown by its index', () => {
  const table = new LinkTable('');
  table.putLink(projected(linkMessage(5, 'other')));
  table.putLink(projected(linkMessage(6, 'v0', { link: 5, linkNetnsid: 0 })));
  expect(table.row(6)?.link).toMatchObject({ link_index: 5, link_netnsid: 0 });
  expect(table.row(6)?.link).not.toHaveProperty('link');
});

test('a deleted device takes its addresses along', () => {
  const table = new LinkTable('');
  table.putLink(projected(linkMessage(5, 'eth0')));
  table.putAddress(addressOf(addressMessage(5, 1)));
  expect(table.deleteLink(5)?.link.ifname).toBe('eth0');
  expect(table.deleteLink(5)).toBeUndefined();
  table.putLink(projected(linkMessage(5, 'reborn')));
  expect(table.addresses()).toEqual([]);
});

test('labels name the namespace unless it is the own one', () => {
  const table = new LinkTable('a\\b\n');
  expect(text(table.putLink(projected(linkMessage(1, 'lo'))).labels)).toBe('netns="a\\\\b\\n",device="lo"');
});

test('rows come by ifindex', () => {
  const table = new LinkTable('');
  for (const ifindex of [9, 1, 4]) table.putLink(projected(linkMessage(ifindex, `d${ifindex}`)));
  expect(table.rows().map((row) => row.link.ifindex)).toEqual([1, 4, 9]);
});
