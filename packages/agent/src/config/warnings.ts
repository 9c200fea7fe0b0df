/** What is allowed but worth saying at each start. */
import { SETTING_NAMES, settingOf } from './agent-schema.js';
import type { AgentSettings, Origin, SettingName } from './agent-settings.js';

/** Taken so that scripts of 2018 go on working; saying nothing would promise what does not happen. */
const WITHOUT_EFFECT = ['limitGpus', 'datadogApiKey', 'datadogAppKey', 'ravenUri'] as const satisfies readonly SettingName[];

export function warningsOf(settings: AgentSettings, origins: Readonly<Record<SettingName, Origin>>): readonly string[] {
  const warnings: string[] = [];
  const typed = secrets(origins, 'flag').map((name) => origins[name].name);
  if (typed.length > 0) warnings.push(`${typed.join(', ')}: every user of this machine can read the command line`);
  if (settings.managerAllow.length === 0 && !/^(127\.|::1$)/.test(settings.agentBind)) {
    const where = `${settings.agentBind}:${settings.agentPort}`;
    warnings.push(
      `RPC on ${where} has no authentication and is open to whoever reaches it: name the managers with --manager-allow`,
    );
  }
  if (settings.awsS3Bucket && !settings.awsAccessKeyId) {
    warnings.push('a bucket is named, but there are no keys for it: nothing is uploaded');
  }
  for (const name of WITHOUT_EFFECT) {
    if (origins[name].source !== 'default')
      warnings.push(`${origins[name].name} is read, and this version does nothing with it yet`);
  }
  return warnings;
}

/** Secrets that come from there. */
export function secrets(origins: Readonly<Record<SettingName, Origin>>, source: Origin['source']): SettingName[] {
  return SETTING_NAMES.filter((name) => settingOf(name).is.secret && origins[name].source === source);
}
