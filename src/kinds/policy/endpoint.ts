// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { DEFAULT_NAMESPACE, type EndpointSpec, type NamedPort } from '../../model/policy.ts';
import { present } from '../fields.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { declaredAddress } from './blocks.ts';
import { labelsOf } from './labels.ts';
import { NamespacedMetadata, type Whole } from './metadata.ts';
import { PROTOCOLS, portNameProblem } from './ports.ts';
import { writePolicy } from './write.ts';

const closed = { additionalProperties: false };

const Port = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'By which rules name the port' })),
    protocol: Type.Optional(Type.Enum(['TCP', 'UDP', 'SCTP'], { description: 'Protocol', default: 'TCP' })),
    port: Type.Integer({ description: 'Its number', minimum: 1, maximum: 65535 }),
  },
  { ...closed, description: 'A port on which it listens' },
);

/** The `spec` of an Endpoint document. */
export const EndpointField = Type.Object(
  {
    devices: Type.Optional(
      Type.Array(
        Type.String({
          description: 'Name, with * for any text: veth*',
          pattern: '^[^/\\s:]+$',
          maxLength: 15,
        }),
        {
          description: 'Devices that its traffic passes; none for one that others only talk to',
          maxItems: 256,
        },
      ),
    ),
    netns: Type.Optional(
      Type.String({
        description:
          "Network namespace of the devices by its name in /run/netns; the agent's own when absent",
        pattern: '^[^/\\s]+$',
        maxLength: 255,
      }),
    ),
    side: Type.Optional(
      Type.Enum(['workload', 'host'], {
        description: 'The endpoint is behind its devices, or it is this host, reached through them',
        default: 'workload',
      }),
    ),
    addresses: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Its addresses: by them rules of other endpoints find it',
        maxItems: 256,
      }),
    ),
    ports: Type.Optional(Type.Array(Port, { description: 'Ports on which it listens', maxItems: 1024 })),
    cgroup: Type.Optional(
      Type.String({ description: 'Refused: endpoints of cgroups are not supported in this version' }),
    ),
  },
  { ...closed, description: 'Something that traffic enters or leaves through' },
);

type EndpointValue = Static<typeof EndpointField>;

/** Endpoints (kept by the agent; the kernel knows their devices by number). */
export const endpoint: ObjectClass = {
  name: 'endpoint',
  section: {
    document: 'Endpoint',
    name: 'endpoint',
    schema: EndpointField,
    whole: true,
    form: { metadata: NamespacedMetadata },
  },
  compare: 'whole',
  independent: true,
  // without its programs it is open to everybody
  drift: 'restore',
  declare: (item, complain) => declare(item as unknown as Whole<EndpointValue>, complain),
  key: ({ key }) => String(key),
  needs: () => [],
  write: writePolicy('endpoint'),
  describe: ({ key }) => `endpoint ${key}`,
};

function declare({ metadata, spec }: Whole<EndpointValue>, complain: Complain): readonly Declared[] {
  const { devices = [], netns, side = 'workload', addresses = [], ports = [], cgroup } = spec;
  const namespace = metadata.namespace ?? DEFAULT_NAMESPACE;
  if (cgroup !== undefined)
    complain('spec.cgroup', 'endpoints of cgroups are not supported in this version: name its devices');
  if (devices.length === 0 && addresses.length === 0)
    complain('spec', 'has neither devices nor addresses: nothing would find it');
  devices.forEach((name, i) => {
    if (/^[.]+$/.test(name)) complain(`spec.devices.${i}`, 'is no name of a device');
  });
  const own = addresses.map((text, i) => declaredAddress(text, `spec.addresses.${i}`, complain));
  const declared = present({
    key: `${namespace}/${metadata.name}`,
    namespace,
    labels: labelsOf(metadata.labels, 'metadata.labels', complain),
    side,
    devices: [...new Set(devices)].sort(),
    netns,
    addresses: [...new Set(own)].sort(),
    ports: namedPorts(ports, complain),
  });
  return [
    { class: 'endpoint', spec: declared satisfies Partial<Record<keyof EndpointSpec, unknown>>, path: '' },
  ];
}

function namedPorts(ports: NonNullable<EndpointValue['ports']>, complain: Complain): readonly NamedPort[] {
  const found = new Map<string, NamedPort>();
  for (const [i, { name, protocol = 'TCP', port }] of ports.entries()) {
    if (name === undefined) continue;
    const path = `spec.ports.${i}.name`;
    const problem = portNameProblem(name);
    if (problem !== undefined) complain(path, problem);
    const number = PROTOCOLS[protocol];
    const other = found.get(`${name} ${number}`);
    if (other !== undefined && other.port !== port)
      complain(path, `${name} is ${protocol} port ${other.port} already: give each port a name of its own`);
    found.set(`${name} ${number}`, { name, protocol: number, port });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
