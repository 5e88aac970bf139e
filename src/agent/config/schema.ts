// SPDX-License-Identifier: Apache-2.0
// Every setting of the agent, in one place: the settings file, its variables and flags, and the JSON Schema for
// editors are all made from this. A key with a default may be left out.
import { type Static, Type } from 'typebox';
import { ROLES } from '../../api/role.ts';

const closed = { additionalProperties: false };

const text = (description: string, value: string) =>
  Type.String({ description, minLength: 1, default: value });
const count = (description: string, value: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: value, minimum, maximum });
const names = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { description, default: [], uniqueItems: true });
const path = (description: string) => Type.Optional(Type.String({ description, minLength: 1 }));
const pattern = (description: string) => Type.Optional(Type.String({ description, format: 'regex' }));

const LogSettings = Type.Object(
  {
    level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      description: 'Least level that is logged',
      default: 'info',
    }),
  },
  { ...closed, default: {} },
);

const NamespaceSettings = Type.Object(
  {
    watch: names('Network namespaces to watch besides the own: names of /run/netns, paths, or pid:N'),
    discover: Type.Boolean({
      description: 'Watch every namespace in /run/netns as it appears',
      default: true,
    }),
    processes: Type.Boolean({
      description: 'Discover also namespaces that only processes hold (containers)',
      default: false,
    }),
    include: pattern('Discover only names that this regular expression matches as a whole'),
    exclude: pattern('Never discover names that this regular expression matches as a whole'),
  },
  { ...closed, default: {} },
);

const MetricSettings = Type.Object(
  {
    enable: names('Collectors to run besides those that run by default'),
    disable: names('Collectors not to run'),
    deviceInclude: pattern('Show only devices whose whole name this regular expression matches'),
    deviceExclude: pattern(
      'Show no device whose whole name this regular expression matches; not with deviceInclude',
    ),
    budgets: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), {
      description:
        'Most series by name of the metric (default 50000); what exceeds it is folded away and counted',
      default: {},
    }),
    deadlineSeconds: count('Collectors that take longer have failed', 10, 1, 60),
  },
  { ...closed, default: {} },
);

const TelemetrySettings = Type.Object(
  {
    enable: names('eBPF telemetry to run always that by itself runs only while somebody looks: flows'),
    disable: names('eBPF telemetry not to run: drops, tcp, queueing, flows, churn, or all'),
    sampling: count(
      'One packet of so many is looked at where looking at each would cost too much',
      64,
      1,
      65_536,
    ),
    flightRecorder: Type.Object(
      { packets: count('Dropped packets that are kept, with their first bytes', 1024, 16, 65_536) },
      { ...closed, default: {} },
    ),
    peerGroups: Type.Record(
      Type.String({ pattern: '^[A-Za-z0-9_.-]{1,63}$' }),
      Type.Array(Type.String({ description: 'Prefix of peers: 10.0.0.0/8', minLength: 1 }), {
        maxItems: 1000,
      }),
      {
        description: 'Peers by name of their group: TCP round trip times are told apart by them',
        default: {},
        maxProperties: 32,
      },
    ),
  },
  { ...closed, default: {} },
);

const ProgramSettings = Type.Object(
  {
    keys: path(
      "Directory of Ed25519 public keys (*.pub, PEM): only operators' programs that one of them has signed",
    ),
  },
  { ...closed, default: {} },
);

const CaptureSettings = Type.Object(
  {
    directory: path('Folder that captures are written to; by default captures below stateDir'),
    quotaBytes: count('Bytes that all files in it may have', 1_073_741_824, 0, 2 ** 50),
    minFreeBytes: count('Bytes of its file system that captures leave free', 268_435_456, 0, 2 ** 50),
    concurrent: count('Captures at a time', 8, 1, 64),
    bufferBytes: count(
      "Bytes of the kernel's buffer for a capture, shared by its devices",
      33_554_432,
      2_097_152,
      1_073_741_824,
    ),
  },
  { ...closed, default: {} },
);

const PolicySettings = Type.Object(
  {
    management: Type.Object(
      {
        ports: Type.Array(Type.String({ pattern: '^[0-9]{1,5}/(tcp|udp|sctp)$' }), {
          description: 'Ports of this host that no policy closes',
          default: ['22/tcp'],
          uniqueItems: true,
          maxItems: 64,
        }),
        listeners: Type.Boolean({
          description: "Also the agent's own TCP listener",
          default: true,
        }),
        from: Type.Array(Type.String({ minLength: 1 }), {
          description: 'Prefixes that may reach these ports; everybody when empty',
          default: [],
          uniqueItems: true,
          maxItems: 256,
        }),
      },
      { ...closed, default: {} },
    ),
    xdp: Type.Boolean({
      description:
        "Drop what a host denies, or what exceeds its limits, at XDP, where a device's driver runs it and nobody else does",
      default: true,
    }),
    capacity: Type.Object(
      {
        endpoints: count('Endpoints', 16_384, 16, 1_048_576),
        v4: count(
          'Records of IPv4 addresses, 4 bytes each: about two for each prefix, in sixteens',
          4_194_304,
          1024,
          33_554_432,
        ),
        v6: count('IPv6 prefixes', 1_048_576, 1024, 16_777_216),
        peers: count('Pairs of a set of rules and an identity', 1_048_576, 1024, 16_777_216),
        sets: count(
          'Sets of rules: different ones for each kind of endpoint and direction',
          65_536,
          16,
          1_048_576,
        ),
        ports: count('Runs of ports', 4_194_304, 1024, 33_554_432),
        verdicts: count('Decisions', 1_048_576, 1024, 16_777_216),
        rules: count('Rules of all policies', 262_144, 64, 4_194_304),
        counters: count('Counters: one for each rule', 262_144, 64, 4_194_304),
      },
      {
        ...closed,
        description: 'Most that network policy may take; memory is taken as it is needed',
        default: {},
      },
    ),
  },
  { ...closed, default: {} },
);

const TlsSettings = Type.Object(
  {
    certificate: Type.String({ description: 'Certificate chain of the agent, PEM', minLength: 1 }),
    key: Type.String({ description: 'Its private key, PEM', minLength: 1 }),
    clientCa: path('Authorities that sign client certificates, PEM'),
    clients: Type.Array(
      Type.Object(
        {
          match: Type.String({
            description: 'Name in the certificate: CN=name, DNS:name, URI:id or email:address',
            pattern: '^(CN=|DNS:|URI:|email:).+$',
          }),
          role: Type.Enum([...ROLES]),
        },
        closed,
      ),
      { description: 'Roles of client certificates; the first match counts', default: [] },
    ),
  },
  { ...closed, description: 'Speak TLS on the TCP listener' },
);

const LimitSettings = Type.Object(
  {
    connections: count('Connections of each listener at a time', 256, 1, 65_536),
    headerBytes: count('Bytes of a request line with its headers', 16_384, 1024, 1_048_576),
    bodyBytes: count('Bytes of a request body', 1_048_576, 1, 1_073_741_824),
    documentBytes: count('Bytes of a request body with documents', 33_554_432, 1, 1_073_741_824),
    headersTimeoutSeconds: count('Until the headers of a request are complete', 10, 1, 600),
    requestTimeoutSeconds: count('Until a request is complete', 30, 1, 3600),
    idleTimeoutSeconds: count('Until a connection on which nothing moves is closed', 60, 1, 3600),
    eventStreams: count('Streams of events at a time', 64, 1, 10_000),
    eventBufferBytes: count(
      'Bytes of events that may wait for a slow client',
      1_048_576,
      4096,
      1_073_741_824,
    ),
  },
  { ...closed, default: {} },
);

const HttpSettings = Type.Object(
  {
    tokens: path('File of bearer tokens (SHA-256 sums, names and roles) for the TCP listener'),
    tls: Type.Optional(TlsSettings),
    limits: LimitSettings,
  },
  { ...closed, default: {} },
);

/** Schema of complete settings: {@link withDefaults} fills what a file leaves out. */
export const SettingsSchema = Type.Object(
  {
    socket: text('Unix socket of the API', '/run/weir/weir.sock'),
    group: text('Group that may use the socket besides root', 'weir'),
    listen: Type.String({
      description: 'TCP address of metrics and API: host:port, [v6]:port, or none',
      default: '127.0.0.1:9820',
      pattern: '^(none|(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]\\s]+):[0-9]{1,5})$',
    }),
    stateDir: text('Directory of what outlives the agent', '/var/lib/weir'),
    pinDir: text('Directory in a bpffs of eBPF programs and maps that outlive the agent', '/sys/fs/bpf/weir'),
    log: LogSettings,
    namespaces: NamespaceSettings,
    metrics: MetricSettings,
    telemetry: TelemetrySettings,
    programs: ProgramSettings,
    capture: CaptureSettings,
    policy: PolicySettings,
    http: HttpSettings,
  },
  closed,
);

/** The settings of a running agent. */
export type Settings = Static<typeof SettingsSchema>;
