import { quantile } from '../statistics.ts';

/** Of what is compared: the first and the last of the samples after warming up. */
const ENDS = 5;

/** How much memory grew after the first third of the samples, in bytes: a share of what it was then, and in words. */
export function growthOf(samples: readonly number[]): { readonly growth: number; readonly text: string } {
  const settled = samples.slice(Math.floor(samples.length / 3));
  const first = quantile(settled.slice(0, ENDS), 0.5);
  const last = quantile(settled.slice(-ENDS), 0.5);
  const growth = last / first - 1;
  const [warm, end, largest] = [first, last, Math.max(...settled)].map((bytes) => (bytes / 1e6).toFixed(1));
  const text = `memory after warming up ${warm} MB, at the end ${end} MB, largest ${largest} MB: growth ${(growth * 100).toFixed(1)} %`;
  return { growth, text };
}
