// SPDX-License-Identifier: Apache-2.0
// A page that shows what ukeyd.js can do. It must come by https from an origin that the agent lists.

import { Ukeyd, UkeydError } from "./ukeyd.js";

const at = (id) => document.getElementById(id);
const ukeyd = new Ukeyd();
let abort;

const say = (id, text) => (at(id).textContent = text);

// Errors have everything that a person needs; the code is for programs.
const explain = ({ code, title, detail, remedy }) => [title, remedy, `(${code}) ${detail}`].join("\n");

const showProgress = ({ step, state }) => {
  at("progress").max = step.count;
  at("progress").value = step.index;
  say("step", `${step.title} – ${state}`);
};

// One button's work: its answer, or what stood in the way.
const perform = async (work) => {
  say("result", "…");
  try {
    say("result", JSON.stringify(await work(), null, 2));
  } catch (error) {
    if (!(error instanceof UkeydError)) throw error;
    say("result", explain(error));
  }
  say("hint", ukeyd.notice ? `${ukeyd.notice.title} ${ukeyd.notice.remedy}` : "");
};

// A check needs no ticket, unless it is to compare with an order; a renewal would get one from the server.
const run = (kind) =>
  perform(async () => {
    abort = new AbortController();
    at("cancel").disabled = false;
    try {
      return await ukeyd.run(kind, { onprogress: showProgress, signal: abort.signal });
    } finally {
      at("cancel").disabled = true;
    }
  });

// After a reload: what was under way still is. What has failed on the way could be gone on with here too, from a click.
const resume = async () => {
  const [last] = await ukeyd.operations();
  if (last && !/done|failed|cancelled/.test(last.state)) await ukeyd.resume(last.id, { onprogress: showProgress });
};

ukeyd.onpermission = ({ title, text }) => say("hint", `${title} ${text}`);
ukeyd.onevent = (event) => {
  const item = document.createElement("li");
  item.textContent = `${event.event} ${event.reader ?? event.operation?.state ?? event.status.pcsc}`;
  at("events").append(item);
};

at("language").addEventListener("change", ({ target }) => {
  ukeyd.language = target.value;
  document.documentElement.lang = target.value;
});
at("connect").addEventListener("click", () =>
  perform(async () => {
    const status = await ukeyd.connect();
    resume().catch((error) => say("step", explain(error)));
    return { address: ukeyd.address, ...status };
  }),
);
at("tokens").addEventListener("click", () => perform(() => ukeyd.tokens()));
at("check").addEventListener("click", () => run("check"));
at("change-pin").addEventListener("click", () => run("change-pin"));
at("cancel").addEventListener("click", () => abort.abort());
