// SPDX-License-Identifier: Apache-2.0
// The schemas of documents, put together from the sections of the registered classes.
import { type TObject, type TSchema, Type } from 'typebox';
import { OBJECT_CLASSES } from '../kinds/classes.ts';
import type { DocumentForm, Section } from '../kinds/object-class.ts';
import { apiVersionOf, DOCUMENT_KINDS, type DocumentKind } from '../plan/document.ts';
import { ProfileField, ProfileSpec } from './profile-schema.ts';

const closed = { additionalProperties: false };

const Name = Type.String({
  description: 'Lower-case letters, digits, dots and dashes, at most 63; unique among documents of the kind',
  pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
  maxLength: 63,
});

const Metadata = Type.Object(
  {
    name: Name,
    description: Type.Optional(Type.String({ description: 'What it is for', maxLength: 1000 })),
  },
  closed,
);

const Adopt = Type.Boolean({
  description: 'Take over what exists and was made by somebody else; otherwise that is an error',
  default: false,
});

const Match = Type.Object(
  {
    mac: Type.Optional(
      Type.String({
        description: 'Its address, or the one that it was made with: aa:bb:cc:dd:ee:ff',
        pattern: '^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$',
      }),
    ),
    driver: Type.Optional(Type.String({ description: 'Driver: virtio_net', minLength: 1, maxLength: 64 })),
    path: Type.Optional(
      Type.String({ description: 'Place on its bus: 0000:00:03.0', minLength: 1, maxLength: 255 }),
    ),
    name: Type.Optional(
      Type.String({ description: 'Name, with * for any text: enp*', minLength: 1, maxLength: 15 }),
    ),
  },
  {
    ...closed,
    minProperties: 1,
    description:
      'Finds a device that exists by what it is; `name` is then what documents of the namespace call it',
  },
);

const SETTINGS = {
  netns: Type.Optional(
    Type.String({
      description: "Network namespace by its name in /run/netns; the agent's own when absent",
      pattern: '^[^/\\s]+$',
      maxLength: 255,
    }),
  ),
  adopt: Type.Optional(Adopt),
  drift: Type.Optional(
    Type.Enum(['report', 'restore'], {
      description: 'What to do when somebody else changes what the document declares',
      default: 'report',
    }),
  ),
};

/** The sections of a kind of document, in the order of the classes. */
export function sectionsOf(kind: DocumentKind): readonly Section[] {
  const sections = OBJECT_CLASSES.flatMap(({ section, imports = [] }) => [
    ...(section === undefined ? [] : [section]),
    ...imports.map((one) => one.section),
  ]);
  return sections.filter(({ document }) => document === kind);
}

/** The form of a kind's documents, if they are not like others. */
export function formOf(kind: DocumentKind): DocumentForm | undefined {
  return sectionsOf(kind).find(({ form }) => form !== undefined)?.form;
}

/** One item of a section as it stands in a document: what the class declares, `adopt`, and of links `match`. */
export function itemSchema({ name, schema, mapping, whole }: Section): TSchema {
  return mapping || whole
    ? schema
    : extended(schema, { adopt: Adopt, ...(name === 'links' && { match: Match }) });
}

function extended(schema: TSchema, more: TObject['properties']): TSchema {
  const { properties, anyOf } = schema as { properties?: TObject['properties']; anyOf?: TSchema[] };
  if (anyOf !== undefined) return { ...schema, anyOf: anyOf.map((one) => extended(one, more)) } as TSchema;
  if (properties === undefined) return schema;
  return { ...schema, properties: { ...properties, ...more } } as TSchema;
}

/** A document of a kind. @param items Replaces the schema of a section's items, `Type.Unknown()` for a look from afar. */
export function documentSchema(kind: DocumentKind, items: (section: Section) => TSchema): TObject {
  const sections = sectionsOf(kind).flatMap((section): readonly (readonly [string, TSchema])[] => {
    if (section.whole) return Object.entries((section.schema as TObject).properties);
    const item = items(section);
    const whole = section.mapping ? Type.Record(Type.String(), item) : Type.Array(item);
    return [[section.name, Type.Optional(whole)] as const];
  });
  const form = formOf(kind);
  const profile = kind === 'Tuning' ? { profile: Type.Optional(ProfileField) } : {};
  const settings = form === undefined ? { ...SETTINGS, ...profile } : {};
  const spec = Type.Object({ ...settings, ...Object.fromEntries(sections) }, closed);
  return Type.Object(
    {
      apiVersion: Type.Literal(apiVersionOf(kind), { description: 'Version of the format' }),
      kind: Type.Literal(kind, { description: 'What the document declares' }),
      metadata: form?.metadata ?? Metadata,
      spec: kind === 'Profile' ? ProfileSpec : form?.bare ? Type.Optional(spec) : spec,
      ...(form?.kubernetes && {
        status: Type.Optional(
          Type.Unknown({ description: 'As an API server writes it; means nothing here' }),
        ),
      }),
    },
    closed,
  );
}

/** The JSON Schema of all documents, for editors. */
export function documentJsonSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Weir document',
    oneOf: DOCUMENT_KINDS.map((kind) => documentSchema(kind, itemSchema)),
  };
}
