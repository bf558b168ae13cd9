import {readFileSnyc} from 'node:fs';

export const text = readFileSnyc('x', 'utf8');
