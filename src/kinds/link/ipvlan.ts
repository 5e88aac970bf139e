// SPDX-License-Identifier: Apache-2.0
import { type Fields, given, present } from '../fields.ts';
import { linkKind } from './kind.ts';
import { type DeclaredKind, word } from './setting.ts';

const MODES = ['l2', 'l3', 'l3s'];
/** IPVLAN_F_* as a value (include/uapi/linux/if_link.h). */
const FLAGS = ['bridge', 'private', 'vepa'];

/** Settings of ipvlan and ipvtap (drivers/net/ipvlan/ipvlan_main.c ipvlan_nl_fillinfo()). */
function render(d: { readonly mode?: number; readonly flags?: number }): Fields {
  return present({
    mode: given(d.mode, (mode) => MODES[mode] ?? mode),
    mode_flag: given(d.flags, (flags) => FLAGS[flags] ?? flags),
  });
}

export const ipvlan = linkKind('ipvlan', render);
/** An ipvlan with a character device on top. */
export const ipvtap = linkKind('ipvtap', render);

function declared(kind: 'ipvlan' | 'ipvtap', config: string): DeclaredKind {
  return {
    kind,
    config,
    lower: true,
    settings: {
      mode: word('mode', 'Layer at which packets are handed over', MODES),
      mode_flag: word('flags', 'What reaches the devices on the same lower device', FLAGS),
    },
  };
}

export const declaredIpvlan = declared('ipvlan', 'CONFIG_IPVLAN');
export const declaredIpvtap = declared('ipvtap', 'CONFIG_IPVTAP');
