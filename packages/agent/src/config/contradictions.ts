/** Values that are right by themselves and wrong together. */
import { BerthError } from '@berth/wire';
import type { AgentSettings, Origin, SettingName } from './agent-settings.js';
import { nameOf } from './problem.js';

type Origins = Readonly<Record<SettingName, Origin>>;

export function contradictions(settings: AgentSettings, origins: Origins): BerthError[] {
  return [...uploads(settings, origins), ...ports(settings, origins), ...pairs(settings, origins)];
}

/** Seed spec 0.10 no. 7: files never go to somebody else's bucket. */
function uploads(settings: AgentSettings, origins: Origins): BerthError[] {
  const { awsAccessKeyId, awsSecretAccessKey, awsS3Bucket } = settings;
  if (!awsAccessKeyId || !awsSecretAccessKey) return [];
  if (awsS3Bucket) return [];
  const key = nameOf('awsAccessKeyId', origins.awsAccessKeyId);
  return [
    problem(
      origins,
      ['awsAccessKeyId', 'awsSecretAccessKey'],
      `${key} is set, but no bucket: files of users would have no place to go`,
      {
        fix: 'Name your own bucket with AWS_S3_BUCKET (bucket in [s3]), or unset the keys: then nothing is uploaded.',
      },
    ),
  ];
}

const PAIRS: readonly (readonly [SettingName, SettingName, string])[] = [
  ['awsAccessKeyId', 'awsSecretAccessKey', 'Set both keys, or none: then nothing is uploaded.'],
  ['etcdCert', 'etcdKey', 'Name both the certificate and its private key, or neither.'],
  ['etcdUser', 'etcdPassword', 'Set both the user and the password of etcd, or neither.'],
];

/** Both or none. */
function pairs(settings: AgentSettings, origins: Origins): BerthError[] {
  return PAIRS.flatMap(([one, other, fix]) => {
    if ((settings[one] === undefined) === (settings[other] === undefined)) return [];
    const [there, missing] = settings[one] === undefined ? [other, one] : [one, other];
    const message = `${nameOf(there, origins[there])} is set, but ${nameOf(missing, origins[missing])} is not`;
    return [problem(origins, [there], message, { fix })];
  });
}

function ports({ agentPort, statPort, listen, terminalPortRange: range }: AgentSettings, origins: Origins): BerthError[] {
  const single: (readonly [SettingName, number])[] = [
    ['agentPort', agentPort],
    ['statPort', statPort],
    ['listen', listen.port],
  ];
  const fix = 'Give each a port of its own.';
  const found: BerthError[] = [];
  single.forEach(([name, port], i) => {
    if (port === 0) return;
    const same = single.slice(i + 1).find(([, other]) => other === port)?.[0];
    if (same) {
      const message = `${nameOf(name, origins[name])} and ${nameOf(same, origins[same])} have the same port ${port}`;
      found.push(problem(origins, [name, same], message, { fix }));
    }
    if (port >= range.first && port <= range.last) {
      const names = `${nameOf(name, origins[name])} and ${nameOf('terminalPortRange', origins.terminalPortRange)}`;
      const message = `${names} meet: port ${port} lies within ${range.first}-${range.last}`;
      found.push(problem(origins, [name, 'terminalPortRange'], message, { fix }));
    }
  });
  return found;
}

function problem(origins: Origins, names: readonly SettingName[], message: string, more: { readonly fix: string }): BerthError {
  const code = names.some((name) => origins[name].source === 'flag') ? 'bad-usage' : 'bad-config';
  return new BerthError(code, message, more);
}
