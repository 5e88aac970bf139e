// SPDX-License-Identifier: Apache-2.0
// How names of the specs and of C become names in TypeScript.

const words = (name: string): string[] => name.split(/[-_\s.]+/).filter((word) => word !== '');

/** `rta-dst`, `rtm_dst_len` to `rtaDst`, `rtmDstLen`. A name that starts with a digit gets an underscore. */
export function camel(name: string): string {
  const [head = '', ...rest] = words(name);
  const text = head.charAt(0).toLowerCase() + head.slice(1) + rest.map(capital).join('');
  return /^\d/.test(text) ? `_${text}` : text;
}

/** `tc_tbf_qopt` to `TcTbfQopt`. */
export function pascal(name: string): string {
  return words(name).map(capital).join('');
}

/** `tc-tbf-qopt` to `TC_TBF_QOPT`. */
export function upper(name: string): string {
  return words(name).join('_').toUpperCase();
}

/** The C name of a spec's struct: `tc-tbf-qopt` to `tc_tbf_qopt`. */
export function cName(name: string): string {
  return name.replaceAll('-', '_');
}

/** TypeScript name of an attribute set's interface: `link-attrs` to `LinkAttrs`, `dev` to `DevAttrs`. */
export function setType(name: string): string {
  return `${pascal(name.replace(/-attrs$/, ''))}Attrs`;
}

/** Name of an attribute set's table: `link-attrs` to `LINK_ATTRS`. */
export function setTable(name: string): string {
  return `${upper(name.replace(/-attrs$/, ''))}_ATTRS`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
