// SPDX-License-Identifier: Apache-2.0

/** Colours of a terminal, as CSS. */
const COLOURS: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#f2cc60',
  36: '#79c0ff',
};

const BACKGROUND = '#0d1117';
const FOREGROUND = '#d7dee6';

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly underline: boolean;
  readonly reverse: boolean;
  readonly colour: string | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
const SEQUENCE_OR_TEXT = /\u001b\[([0-9;]*)m|([^\u001b]+)/g;

const PLAIN: Style = { bold: false, dim: false, underline: false, reverse: false, colour: undefined };

/** A page that shows `screen`, a terminal's text with select-graphic-rendition sequences, in a window titled `title`. */
export function ansiToHtml(screen: string, title: string): string {
  return `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; padding: 24px; background: transparent; width: max-content }
  figure { margin: 0; background: ${BACKGROUND}; border-radius: 10px; overflow: hidden;
    border: 1px solid #30363d }
  figcaption { background: #161b22; color: #8b949e; font: 13px 'DejaVu Sans', sans-serif; padding: 9px 14px;
    text-align: center }
  figcaption i { float: left; width: 12px; height: 12px; border-radius: 6px; background: #3d444d; margin: 2px 8px 0 0 }
  pre { margin: 0; padding: 14px 18px 16px; color: ${FOREGROUND};
    font: 15px/1.28 'DejaVu Sans Mono', monospace; font-variant-ligatures: none }
  </style><figure><figcaption><i></i><i></i><i></i>${escaped(title)}</figcaption><pre>${spans(screen)}</pre></figure>`;
}

function spans(screen: string): string {
  let style = PLAIN;
  return screen.replace(SEQUENCE_OR_TEXT, (_, codes: string | undefined, text: string | undefined) => {
    if (text !== undefined) return `<span style="${css(style)}">${escaped(text)}</span>`;
    style = (codes || '0').split(';').map(Number).reduce(applied, style);
    return '';
  });
}

function applied(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 7) return { ...style, reverse: true };
  if (code === 39) return { ...style, colour: undefined };
  const colour = COLOURS[code];
  return colour === undefined ? style : { ...style, colour };
}

function css({ bold, dim, underline, reverse, colour = FOREGROUND }: Style): string {
  return [
    reverse
      ? `background:${colour === FOREGROUND ? '#30363d' : '#1f4b73'};color:${colour}`
      : `color:${colour}`,
    bold ? 'font-weight:bold' : '',
    dim ? 'opacity:.5' : '',
    underline ? 'text-decoration:underline' : '',
  ]
    .filter((rule) => rule !== '')
    .join(';');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
