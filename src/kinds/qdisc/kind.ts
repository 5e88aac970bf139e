// SPDX-License-Identifier: Apache-2.0
import type { TcaStatsAppMsg, TcOptionsMsg } from '../../codec/generated/tc.ts';
import type { Fields } from '../fields.ts';

/** TCA_OPTIONS of a kind that the codec decodes. */
export type QdiscOptions = Exclude<TcOptionsMsg, Uint8Array>;
/** TCA_STATS_APP of a kind that the codec decodes. */
export type QdiscXstats = Exclude<TcaStatsAppMsg, Uint8Array>;

/** What Weir knows about one kind of qdisc. */
export interface QdiscKind {
  /** TCA_KIND. */
  readonly kind: string;
  /** TCA_OPTIONS of a qdisc as `tc -j` names them: rates in bytes per second, times in microseconds. */
  readonly render: (options: QdiscOptions) => Fields;
  /** TCA_OPTIONS of a class of such a qdisc. */
  readonly renderClass?: (options: QdiscOptions) => Fields;
}

type OptionsOf<K> = Extract<QdiscOptions, { readonly kind: K }>;

/** Describe a kind whose options the codec decodes. */
export function qdiscKind<K extends QdiscOptions['kind']>(
  kind: K,
  render: (options: OptionsOf<K>) => Fields,
  renderClass?: (options: OptionsOf<K>) => Fields,
): QdiscKind {
  return {
    kind,
    render: (options) => render(options as OptionsOf<K>),
    ...(renderClass === undefined ? {} : { renderClass: (options) => renderClass(options as OptionsOf<K>) }),
  };
}
