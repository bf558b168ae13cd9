// An agent of another user of this computer, which takes the first ports.

import {spawn} from 'node:child_process';
import {chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {SITE} from './sdk_page.mjs';

const UID = 65534;
const FOLDER = '/run/other-user'; // the run's own folders are closed to other users
const READY = /listening on 127\.0\.0\.1:27510/;

const CONFIG = `[platform other]
name = 平台
origin = ${SITE}
roots = ${FOLDER}/roots.pem
`;

/** @returns {boolean} whether there can be another user: in a user namespace there is one alone */
export function canBeAnotherUser() {
  return process.getuid() === 0;
}

/** Runs it until stop(). */
export async function startOtherUsersAgent() {
  const programs = join(dirname(process.argv[1]), '..', '..', 'bin');
  for (const folder of ['home', 'state', 'runtime']) {
    mkdirSync(join(FOLDER, folder), {recursive: true});
    chownSync(join(FOLDER, folder), UID, UID);
  }
  copyFileSync(join(programs, 'ukeyd'), join(FOLDER, 'ukeyd'));
  copyFileSync(join('portal', 'ca', 'roots.pem'), join(FOLDER, 'roots.pem')); // in the world's folder
  writeFileSync(join(FOLDER, 'ukeyd.conf'), CONFIG);
  for (const name of ['.', 'ukeyd', 'ukeyd.conf', 'roots.pem']) chmodSync(join(FOLDER, name), 0o755);
  const process_ = spawn(
    join(FOLDER, 'ukeyd'),
    ['--config', join(FOLDER, 'ukeyd.conf'), '--state', join(FOLDER, 'state')],
    {
      uid: UID,
      gid: UID,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {PATH: process.env.PATH, HOME: join(FOLDER, 'home'), XDG_RUNTIME_DIR: join(FOLDER, 'runtime')},
    },
  );
  const ended = new Promise(resolve => process_.once('exit', resolve));
  let said = '';
  await new Promise((resolve, reject) => {
    process_.stderr.on('data', chunk => {
      said += chunk;
      if (READY.test(said)) resolve();
    });
    process_.once('exit', status => reject(new Error(`the other user's agent: exit ${status}\n${said}`)));
  });
  return {
    async stop() {
      process_.kill();
      await ended;
    },
  };
}
