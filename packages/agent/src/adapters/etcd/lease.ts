/** Leases, one question at a time: the library's own keep-alive repeats without back-off while etcd is down. */
import type { ILeaseKeepAliveResponse, IRequestOp } from 'etcd3';
import type { Entries } from '../../ports/coordinator.js';
import type { EtcdConnection } from './connection.js';
import { bytes } from './keys.js';

/** Resolves with the id of a new lease. */
export async function grantLease(connection: EtcdConnection, ttlSeconds: number, signal: AbortSignal): Promise<string> {
  const { ID } = await connection.call(
    'taking a lease',
    (client, options) => client.leaseClient.leaseGrant({ TTL: ttlSeconds }, options),
    signal,
  );
  return ID;
}

/** Resolves with whether the lease lives. */
export async function renewLease(connection: EtcdConnection, id: string, signal: AbortSignal): Promise<boolean> {
  const answer = await connection.call(
    'renewing a lease',
    async (client, options) => {
      const stream = await client.leaseClient.leaseKeepAlive(options);
      return new Promise<ILeaseKeepAliveResponse>((resolve, reject) => {
        stream
          .on('data', resolve)
          .on('error', reject)
          .on('end', () => reject(new Error('UNAVAILABLE: etcd ended the stream')));
        stream.write({ ID: id });
        stream.end();
      });
    },
    signal,
  );
  return Number(answer.TTL) > 0;
}

/** Ends a lease, and with it the keys that are under it and under no other. */
export async function revokeLease(connection: EtcdConnection, id: string): Promise<void> {
  await connection.call('letting a lease go', (client, options) => client.leaseClient.leaseRevoke({ ID: id }, options));
}

/**
 * Makes the keys be what they should be, under this lease, and `gone` be no more, in one transaction. Nothing is written when
 * all is well. Rejects when the lease is lost.
 */
export async function writeHeld(
  connection: EtcdConnection,
  held: { readonly prefix: string; readonly entries: Entries; readonly gone: readonly string[]; readonly lease: string },
  signal: AbortSignal,
): Promise<void> {
  const { prefix, entries, gone, lease } = held;
  const pairs = Object.entries(entries).map(([key, value]) => ({ key: bytes(prefix + key), value: bytes(value) }));
  const write: IRequestOp[] = [
    ...pairs.map(({ key, value }) => ({ request_put: { key, value, lease } })),
    ...gone.map((key) => ({ request_delete_range: { key: bytes(prefix + key) } })),
  ];
  const isWell = pairs.flatMap(({ key, value }) => [
    { key, target: 'Value' as const, result: 'Equal' as const, value },
    { key, target: 'Lease' as const, result: 'Equal' as const, lease },
  ]);
  const request =
    gone.length > 0 ? { compare: [], success: write, failure: [] } : { compare: isWell, success: [], failure: write };
  await connection.call('writing keys', (client, options) => client.kv.txn(request, options), signal);
}
