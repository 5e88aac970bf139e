// SPDX-License-Identifier: Apache-2.0

/** The node that a use case is about, by its name. Every use case takes one: nothing here assumes a single node. */
export type Target = string;

/** The node whose agent is asked. */
export const THIS_NODE: Target = '';
