import { describe, expect, it } from 'vitest';
import { PullSummary } from './pull-summary.js';

const told = (status: string, layer: string, bytes = 0, total: number | null = null) => ({ status, layer, bytes, total });
const A = 'aaaaaaaaaaaa';
const B = 'bbbbbbbbbbbb';

describe('PullSummary', () => {
  it('says nothing before anything is known', () => {
    const summary = new PullSummary();
    summary.add(told('Pulling from a/b', 'latest'));
    summary.add(told('Digest: sha256:1', ''));
    expect(String(summary)).toBe('');
  });

  it('adds up bytes and layers', () => {
    const summary = new PullSummary();
    summary.add(told('Pulling fs layer', A));
    summary.add(told('Already exists', B));
    expect(String(summary)).toBe('1 of 2 layers');
    summary.add(told('Downloading', A, 30_000_000, 120_000_000));
    expect(String(summary)).toBe('25 % of 120 MB, 1 of 2 layers');
    summary.add(told('Download complete', A));
    summary.add(told('Extracting', A, 5, 120_000_000));
    expect(String(summary)).toBe('100 % of 120 MB, 1 of 2 layers');
    summary.add(told('Pull complete', A));
    expect(String(summary)).toBe('100 % of 120 MB, 2 of 2 layers');
  });

  it('begins a layer again that is tried again', () => {
    const summary = new PullSummary();
    summary.add(told('Downloading', A, 90, 100));
    summary.add(told('Retrying in 5 seconds', A));
    summary.add(told('Downloading', A, 10, 100));
    expect(String(summary)).toBe('10 % of 100 B, 0 of 1 layers');
  });

  it('is bounded', () => {
    const summary = new PullSummary();
    for (let i = 0; i < 2000; i++) summary.add(told('Waiting', i.toString(16).padStart(12, '0')));
    expect(String(summary)).toBe('0 of 1000 layers');
  });
});
