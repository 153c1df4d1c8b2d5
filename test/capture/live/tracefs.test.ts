import { describe, expect, it } from 'vitest';
import { fieldOffsetIn, tracepointFieldOffset } from '../../../src/capture/live/tracefs.ts';

const FORK = `name: sched_process_fork
ID: 316
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:char parent_comm[16];	offset:8;	size:16;	signed:0;
	field:pid_t parent_pid;	offset:24;	size:4;	signed:1;
	field:char child_comm[16];	offset:28;	size:16;	signed:0;
	field:pid_t child_pid;	offset:44;	size:4;	signed:1;

print fmt: "comm=%s pid=%d child_comm=%s child_pid=%d", REC->parent_comm, REC->parent_pid, REC->child_comm, REC->child_pid
`;
/** Newer kernels keep the names elsewhere, which moves everything. */
const FORK_NEWER = `format:
	field:__data_loc char[] parent_comm;	offset:8;	size:4;	signed:0;
	field:pid_t parent_pid;	offset:12;	size:4;	signed:1;
	field:__data_loc char[] child_comm;	offset:16;	size:4;	signed:0;
	field:pid_t child_pid;	offset:20;	size:4;	signed:1;
`;
const EXEC =
  '\tfield:__data_loc char[] filename;	offset:8;	size:4;	signed:0;\n\tfield:pid_t old_pid;	offset:16;	size:4;	signed:1;\n';

describe('fieldOffsetIn', () => {
  it.each([
    ['child_pid', FORK, 44],
    ['child_pid', FORK_NEWER, 20],
    ['parent_pid', FORK, 24],
    ['parent_comm', FORK, 8],
    ['parent_comm', FORK_NEWER, 8],
    ['filename', EXEC, 8],
    ['old_pid', EXEC, 16],
    // Part of another name is not the name.
    ['pid', FORK, undefined],
    ['name', EXEC, undefined],
    ['child', FORK, undefined],
    ['child_pid', '', undefined],
    ['child_pid', 'field:pid_t child_pid;', undefined],
  ])('%s', (field, format, offset) => expect(fieldOffsetIn(format, field)).toBe(offset));
});

it('an event that no kernel has, has no field', () => {
  expect(tracepointFieldOffset('telegen/no_such_event', 'x')).toBeUndefined();
});
