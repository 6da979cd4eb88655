// Breaks the boundaries on purpose. tools/check.mjs lints this file and fails when any of the four violations is let through.
import { readFileSync } from 'node:fs';
import { AuthorizationDecider } from '@voltlog/authorization-domain';
import { openSqliteStore } from '@voltlog/store';

export const planted = [AuthorizationDecider, openSqliteStore, readFileSync, Date.now()];
