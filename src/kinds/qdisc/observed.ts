// SPDX-License-Identifier: Apache-2.0
import type { TcAttrs, Tcmsg } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { declaredQdisc, observedOptions } from './declared.ts';
import { INGRESS_PARENT, majorOf, renderHandle } from './handle.ts';
import { renderClassOptions, renderQdiscOptions } from './index.ts';
import type { DeclaredOptions } from './setting.ts';

/** A qdisc or class as the kernel reports it. */
export interface TcMessage {
  readonly header: Tcmsg;
  readonly attrs: TcAttrs;
}

/** Canonical settings of the qdiscs of one device that somebody configured: the kernel's own have the handle 0:. */
export function qdiscSpecs(dev: string, messages: readonly TcMessage[]): readonly Spec[] {
  const configured = messages.filter(({ header }) => header.tcmHandle >>> 16 !== 0);
  const byHandle = new Map(configured.map((one) => [handleOf(one), one]));
  return configured.map((one) => qdiscSpec(dev, one, byHandle));
}

function qdiscSpec(dev: string, one: TcMessage, byHandle: ReadonlyMap<string, TcMessage>): Spec {
  const { kind = '', options, ingressBlock, egressBlock } = one.attrs;
  const shape = declaredQdisc(kind);
  const parent = parentOf(one);
  const above = byHandle.get(majorOf(parent));
  // A class that a document declares is needed itself, another one comes with its qdisc.
  const under = above === undefined || declaredQdisc(above.attrs.kind)?.classes ? undefined : parentOf(above);
  return present({
    dev,
    parent,
    under,
    // Of the places for filters there is one handle only.
    handle: shape?.place === undefined ? handleOf(one) : undefined,
    kind,
    ingress_block: ingressBlock,
    egress_block: egressBlock,
    [kind]: shape && settingsOf(shape, options, renderQdiscOptions(kind, options)),
  });
}

/**
 * Canonical settings of the classes of one device that a document can declare.
 * @param qdiscs The qdiscs of the device.
 */
export function classSpecs(
  dev: string,
  messages: readonly TcMessage[],
  qdiscs: readonly Spec[],
): readonly Spec[] {
  const places = new Map(qdiscs.map((one) => [one['handle'], one['parent']]));
  return messages.flatMap(({ header, attrs: { kind = '', options } }) => {
    const shape = declaredQdisc(kind)?.classes;
    if (shape === undefined) return [];
    const classid = renderHandle(header.tcmHandle);
    const parent = renderHandle(header.tcmParent);
    const under = places.get(majorOf(classid));
    const spec = present({
      dev,
      classid,
      // The classes on top say nothing of their qdisc.
      parent: parent === 'root' ? majorOf(classid) : parent,
      under: under === 'root' ? undefined : under,
      kind,
      [kind]: settingsOf(shape, options, renderClassOptions(kind, options)),
    });
    return [spec];
  });
}

function settingsOf(shape: DeclaredOptions, options: TcAttrs['options'], shown: Spec): Spec | undefined {
  const raw = options === undefined || options instanceof Uint8Array ? undefined : options;
  const spec = raw && shape.seen ? shape.seen(raw) : observedOptions(shape, shown);
  return Object.keys(spec).length === 0 ? undefined : spec;
}

function handleOf({ header }: TcMessage): string {
  return `${(header.tcmHandle >>> 16).toString(16)}:`;
}

function parentOf({ header, attrs }: TcMessage): string {
  if (header.tcmParent !== INGRESS_PARENT) return renderHandle(header.tcmParent);
  return attrs.kind === 'clsact' ? 'clsact' : 'ingress';
}
