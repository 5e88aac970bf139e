// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { renderMac } from '../../base/ip.ts';
import { type Fields, given, present, unlessZero } from '../fields.ts';
import { linkKind } from './kind.ts';
import { type DeclaredKind, number, shared, word } from './setting.ts';

/** MACVLAN_MODE_* (include/uapi/linux/if_link.h). */
const MODES: Readonly<Record<number, string>> = {
  1: 'private',
  2: 'vepa',
  4: 'bridge',
  8: 'passthru',
  16: 'source',
};

const MACVLAN_FLAG_NOPROMISC = 1;
const MACVLAN_FLAG_NODST = 2;

type MacvlanData = Parameters<Parameters<typeof linkKind<'macvlan'>>[1]>[0];

/** Settings of macvlan and macvtap (drivers/net/macvlan.c macvlan_fill_info()). */
function render(d: Omit<MacvlanData, 'kind'>): Fields {
  const flags = d.flags ?? 0;
  return present({
    mode: given(d.mode, (mode) => MODES[mode] ?? mode),
    nopromisc: (flags & MACVLAN_FLAG_NOPROMISC) !== 0 ? true : undefined,
    nodst: (flags & MACVLAN_FLAG_NODST) !== 0 ? true : undefined,
    bcqueuelen: d.bcQueueLen,
    usedbcqueuelen: d.bcQueueLenUsed,
    bclim: d.bcCutoff,
    macaddr_count: unlessZero(d.macaddrCount),
    macaddr_data: given(d.macaddrData?.macaddr, (list) => list.map(renderMac)),
  });
}

export const macvlan = linkKind('macvlan', render);
/** A macvlan with a character device on top. */
export const macvtap = linkKind('macvtap', render);

/** How macvlan and macvtap are declared (drivers/net/macvlan.c macvlan_changelink()). */
function declared(kind: 'macvlan' | 'macvtap', config: string): DeclaredKind {
  return {
    kind,
    config,
    lower: true,
    settings: {
      mode: word('mode', 'What reaches the devices on the same lower device', MODES),
      nopromisc: shared(
        Type.Boolean({ description: 'Leave the lower device out of promiscuous mode' }),
        undefined,
        false,
      ),
      nodst: shared(Type.Boolean({ description: 'Mode source: nothing by destination' }), undefined, false),
      bcqueuelen: number('bcQueueLen', 'Packets that the broadcast queue holds', 0, 0xffff_ffff),
      bclim: number('bcCutoff', 'From how many receivers on a broadcast is queued', -1, 0x7fff_ffff),
    },
    joined: (changed, all) => {
      const flags =
        (all['nopromisc'] === true ? MACVLAN_FLAG_NOPROMISC : 0) |
        (all['nodst'] === true ? MACVLAN_FLAG_NODST : 0);
      return changed['nopromisc'] === undefined && changed['nodst'] === undefined ? {} : { flags };
    },
    fixed: (before, after) =>
      before['mode'] !== after['mode'] && [before['mode'], after['mode']].includes('passthru')
        ? ['mode']
        : [],
  };
}

export const declaredMacvlan = declared('macvlan', 'CONFIG_MACVLAN');
export const declaredMacvtap = declared('macvtap', 'CONFIG_MACVTAP');
