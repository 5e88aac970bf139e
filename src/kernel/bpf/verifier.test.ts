// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { verifierSummary } from './verifier.ts';

const END =
  'processed 3763 insns (limit 1000000) max_states_per_insn 6 total_states 179 peak_states 178 mark_read 14\n';

test.for([
  [
    'an instruction that is refused, of an object without its source',
    `; \n1733: (bf) r2 = r6 ; R2_w=mem(off=0,imm=0)\n1734: (85) call bpf_map_lookup_elem#1\nR2 type=mem expected=fp, pkt\n`,
    'R2 type=mem expected=fp, pkt',
  ],
  [
    'the line of its source',
    `; return *value;\n7: (61) r0 = *(u32 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\n`,
    "R0 invalid mem access 'map_value_or_null', at `return *value;`",
  ],
  [
    'two lines, of which the first one says more',
    `3: (71) r0 = *(u8 *)(r1 +100)\ninvalid access to packet, off=100 size=1, R1(id=0,off=100,r=0)\nR1 offset is outside of the packet\n`,
    'invalid access to packet, off=100 size=1, R1(id=0,off=100,r=0)',
  ],
  [
    'a bound of the whole program',
    'combined stack size of 5 calls is 544. Too large\n',
    'combined stack size of 5 calls is 544. Too large',
  ],
  ['registers', `R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\nR1=ctx() R10=fp0\n`, 'R0 !read_ok'],
] as const)('%s', ([, log, reason]) => {
  expect(verifierSummary(log + END)).toBe(reason);
});
