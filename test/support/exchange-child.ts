/**
 * A client in a process of its own, so that it can be observed: node exchange-child.ts PORT COUNT TEXT.
 * Connects, sends TEXT and reads until the server closes, COUNT times.
 */
import { exchange } from './raw-exchange.ts';

const [port, count, text] = process.argv.slice(2) as [string, string, string];
for (let i = 0; i < Number(count); i++) await exchange(Number(port), [text]);
