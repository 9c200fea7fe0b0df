/** The log of an agent (seed spec 12): on standard error for people or programs, and as JSON lines in a file that is rotated. */
import { systemClock } from '@berth/base';
import { pino } from 'pino';
import type { AgentSettings } from '../config/agent-settings.js';
import { wantsColour } from '../config/colour.js';
import type { Logger } from '../ports/logger.js';
import { prettyLine } from './pretty-line.js';
import { redaction } from './redaction.js';
import { RotatingFile } from './rotating-file.js';

export type LogSettings = Pick<AgentSettings, 'logLevel' | 'logFormat' | 'logFile' | 'logFileCount' | 'logFileSize'> &
  Partial<
    Pick<AgentSettings, 'etcdPassword' | 'awsAccessKeyId' | 'awsSecretAccessKey' | 'datadogApiKey' | 'datadogAppKey' | 'ravenUri'>
  >;

export interface AgentLog {
  readonly logger: Logger;
  /** Everything is written by then. */
  close(): void;
}

export interface LogOptions {
  /** Absent: as standard error wants it. */
  readonly colour?: boolean;
  /** Where the console log goes; absent: standard error. */
  readonly console?: { write(text: string): unknown };
  /** More that must never be seen. */
  readonly secrets?: readonly string[];
}

const MIB = 1024 * 1024;

/** Errors: `state-unwritable` when the log file cannot be made. */
export function openLog(settings: LogSettings, options: LogOptions = {}): AgentLog {
  // Synchronous: what was logged before a crash is there after it.
  const out = options.console ?? pino.destination({ dest: 2, sync: true });
  const pretty = settings.logFormat === 'pretty';
  const colour = options.colour ?? (options.console === undefined && wantsColour());
  const console = { write: (line: string) => void out.write(pretty ? prettyLine(line, colour) : line) };
  const file =
    settings.logFile === undefined
      ? undefined
      : new RotatingFile({
          path: settings.logFile,
          maxBytes: settings.logFileSize * MIB,
          keep: settings.logFileCount,
          onTrouble: (message) => out.write(`berth: ${message}\n`),
        });
  const redact = redaction([
    ...[settings.etcdPassword, settings.awsAccessKeyId, settings.awsSecretAccessKey],
    ...[settings.datadogApiKey, settings.datadogAppKey, settings.ravenUri, ...(options.secrets ?? [])],
  ]);
  const logger = pino(
    {
      level: settings.logLevel,
      base: { name: 'berth.agent', processName: 'MainProcess' },
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date(systemClock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map(redact) as typeof args);
        },
      },
    },
    { write: (line: string) => (console.write(line), file?.write(line)) },
  );
  return { logger, close: () => file?.close() };
}
