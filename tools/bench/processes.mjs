import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { NODE_FLAGS } from '../node-flags.mjs';

/** Starts a script with this Node and waits until it prints a line that fits. */
export async function launch(script, args, ready, environment = {}) {
  const child = spawn(process.execPath, [...NODE_FLAGS, script, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const waiting = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      for (const check of waiting) check();
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const printed = (pattern, ms = 120_000) =>
    new Promise((resolve, reject) => {
      const end = (result, error) => {
        waiting.delete(check);
        clearTimeout(timer);
        if (error === undefined) resolve(result);
        else reject(error);
      };
      const check = () => {
        const match = pattern.exec(output);
        if (match) end(match);
      };
      const timer = setTimeout(() => end(undefined, new Error(`${script} did not print ${pattern}:\n${output.slice(-3000)}`)), ms);
      waiting.add(check);
      void ended.then((code) => {
        check();
        if (waiting.has(check)) end(undefined, new Error(`${script} ended with ${code}:\n${output.slice(-3000)}`));
      });
      check();
    });
  const match = await printed(ready);
  return {
    pid: child.pid,
    match,
    output: () => output,
    printed,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** User and system CPU of the processes since they started, seconds. */
export function cpuSeconds(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

export function residentKb(pids) {
  let kb = 0;
  for (const pid of pids) kb += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return kb;
}

/** Resolves once the processes use next to no CPU for a second: their backlog is worked off. A process that polls idles at some hundredths. */
export async function quiet(pids, { share = 0.1 + 0.02 * pids.length, seconds = 1, deadlineSeconds = 120 } = {}) {
  const end = Date.now() + deadlineSeconds * 1000;
  for (;;) {
    const before = cpuSeconds(pids);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    if (cpuSeconds(pids) - before <= share * seconds || Date.now() > end) return;
  }
}
