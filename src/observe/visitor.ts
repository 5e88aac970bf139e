// SPDX-License-Identifier: Apache-2.0

/** Takes what a reader finds, one by one: a node can hold millions. */
export interface Visitor<T> {
  visit(item: T): void;
  /** A dump begins; a reader may make several. */
  begin(): void;
  /** The dump that began last is repeated: what it gave does not count. What this throws ends the reading. */
  restart(): void;
  /** Back-pressure, as in `DumpOptions`. */
  readonly pace?: () => Promise<void>;
}

/** All that a reader finds, as a list. @throws what the reader throws. */
export async function gathered<T>(read: (to: Visitor<T>) => Promise<void>): Promise<readonly T[]> {
  const items: T[] = [];
  let mark = 0;
  await read({
    visit: (item) => void items.push(item),
    begin: () => {
      mark = items.length;
    },
    restart: () => {
      items.length = mark;
    },
  });
  return items;
}

/** A visitor that passes on what `keep` is true for. */
export function filtered<T>(to: Visitor<T>, keep: (item: T) => boolean): Visitor<T> {
  const { pace } = to;
  return {
    visit: (item) => {
      if (keep(item)) to.visit(item);
    },
    begin: () => to.begin(),
    restart: () => to.restart(),
    ...(pace === undefined ? {} : { pace }),
  };
}
