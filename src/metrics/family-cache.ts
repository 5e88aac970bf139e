// SPDX-License-Identifier: Apache-2.0
import type { Family } from './exposition.ts';

/** Families whose names the kernel makes up, made once for each name. */
export class FamilyCache {
  private readonly families = new Map<string, Family>();
  private readonly make: (name: string) => Family;

  constructor(make: (name: string) => Family) {
    this.make = make;
  }

  get(name: string): Family {
    let family = this.families.get(name);
    if (family === undefined) {
      family = this.make(name);
      this.families.set(name, family);
    }
    return family;
  }
}
