// SPDX-License-Identifier: Apache-2.0
// What each member does stands in ukeyd.d.ts; the agent's interface in docs/api/local.md.

const API = 1;
const PORTS = [27510, 27520, 27530]; // https; plain http is on the next one
const STAGGER_MS = 500; // a port that is silent so long gets company by the next
const REQUEST_MS = 60000;
const WAIT_SECONDS = 25; // of a long poll
const ASKED_MS = 2500; // a refused connection never takes this long, a person's answer may
const REPORT_MS = 50; // a CSP report comes a little after its refusal
const BACK_OFF_MS = 500; // doubled up to BACK_OFF_MS_MAX
const BACK_OFF_MS_MAX = 10000;

// Only what the agent can't say itself: Chinese title and remedy, English title and remedy.
const TEXTS = {
  "insecure-page": "本页面不是安全连接|请用 https:// 地址打开。|This page is not secure|Open its https:// address.",
  framed: "本页面嵌在其他网页中|请单独打开。|This page is inside another|Open it by itself.",
  "permission-pending":
    "浏览器需要您的许可|请在其询问中点“允许”。|The browser needs your permission|Allow it in its question.",
  "permission-denied":
    "浏览器禁止本网站访问此设备|请点地址栏左侧图标改为允许，再刷新。|This site may not access your device|Allow it at the icon left of the address, reload.",
  "blocked-by-csp":
    "本网站的安全策略未列出驱动|请联系平台客服。|This site's policy omits the agent|Ask the platform's support.",
  "not-installed":
    "没有找到CA锁驱动（ukeyd）|请安装并启动后重试。|The agent (ukeyd) was not found|Install and start it.",
  "too-old": "CA锁驱动版本过低|请安装新版。|The agent is too old|Update it.",
  "foreign-program":
    "驱动的端口被其他程序占用|请关闭该程序后重试。|Another program holds the port|Close it, retry.",
  "origin-refused":
    "驱动未列出本网站|请联系管理员。|The agent does not list this site|Ask your administrator.",
  "agent-untrusted":
    "浏览器尚未信任驱动的证书|可继续；请稍后重启浏览器。|The browser does not trust the agent yet|Go on; restart it later.",
  "agent-lost":
    "与驱动的连接中断|请勿拔出CA锁，确认驱动运行后刷新。|The agent no longer answers|Leave the key in, start it, reload.",
  closed: "已停止||Stopped|",
};

export class UkeydError extends Error {
  constructor(problem, cause, operation) {
    super(problem.title);
    Object.assign(this, { name: "UkeydError", detail: "", remedy: "", ...problem, cause, operation });
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const longer = (ms) => Math.min(ms * 2, BACK_OFF_MS_MAX);
const nothing = () => {};
// What the page's own function throws is the page's: it must not end what goes on here.
const tell = async (handler, value) => handler?.(value);

// Without storage (blocked cookies) it only takes longer.
const memory = (method, value) => {
  try {
    return sessionStorage[method]("ukeyd", value);
  } catch {}
};

export class Ukeyd {
  constructor({
    language = "zh-CN",
    minVersion = "",
    allowFramed,
    timeouts: { probe: probeMs = 1500, permission: personMs = 60000, lost: lostMs = 60000 } = {},
  } = {}) {
    const me = this;
    const life = new AbortController();
    const open = new Set([life]); // what close() aborts: requests, and the listener
    let blocked; // by the page's policy
    let connecting, listening, socket, closed;

    const error = (code, detail, cause, operation) => {
      if (closed) code = "closed";
      const [title, remedy] = TEXTS[code].split("|").slice(me.language === "en" ? 2 : 0);
      return new UkeydError({ code, title, detail, remedy }, cause, operation);
    };

    // [response, its JSON or undefined]
    const request = async (address, path, init, ms) => {
      const over = new AbortController();
      const timer = setTimeout(() => over.abort(), ms);
      open.add(over);
      if (closed) over.abort();
      try {
        // No targetAddressSpace: a literal loopback address needs none, and older Chromium refuses the word.
        const answer = await fetch(`${address}/v1/${path}`, { signal: over.signal, ...init });
        return [answer, await answer.json().catch(nothing)];
      } finally {
        clearTimeout(timer);
        open.delete(over);
      }
    };

    // ---- finding the agent ----

    // The status of an agent that is new enough; else throws, and failures says what is there instead.
    const probe = async (address, ms, failures) => {
      try {
        const [, status] = await request(address, "status", {}, ms);
        if (status?.agent !== "ukeyd") throw { name: "foreign" };
        const { api, version } = status;
        if (!(api >= API) || `${version}`.localeCompare(minVersion, "en", { numeric: true }) < 0)
          throw { name: "old" };
        me.address ||= address;
        return status;
      } catch ({ name }) {
        failures[address] = name;
        throw 0;
      }
    };

    // The status of the first agent that answers, else undefined.
    const race = async (addresses, ms, failures) => {
      const tries = [];
      for (const address of addresses) {
        const attempt = probe(address, ms, failures);
        tries.push(attempt);
        await Promise.race([attempt, pause(STAGGER_MS)]).catch(nothing);
        if (me.address) break;
      }
      return Promise.any(tries).catch(nothing);
    };

    // An agent that refuses this site answers what can't be read; where nothing listens even that fails.
    const anyRefuses = async (failures) => {
      const answers = Object.entries(failures).map(
        ([address, why]) =>
          why === "TypeError" && request(address, "status", { mode: "no-cors" }, probeMs).catch(nothing),
      );
      return (await Promise.all(answers)).some(Boolean);
    };

    const search = async () => {
      const framed = self !== top;
      const failures = {};
      const fail = (code) => error(code, JSON.stringify(failures));
      const saw = (why) => Object.values(failures).includes(why);
      const last = +memory("getItem");
      me.address = null;
      blocked = 0;
      if (!isSecureContext) throw fail("insecure-page");
      if (framed && !allowFramed) throw fail("framed");
      let permission = {};
      try {
        permission = await navigator.permissions.query({ name: "loopback-network" });
      } catch {} // a browser that doesn't know the name: it doesn't ask, or doesn't tell
      const checkDenied = () => {
        if (permission.state === "denied") throw fail(framed ? "framed" : "permission-denied");
      };
      const { title, remedy: text } = fail("permission-pending");
      if (permission.state === "prompt" && !last) await me.onpermission?.({ title, text });
      for (const ports of last ? [[last], PORTS] : [PORTS])
        for (const plain of [0, 1]) {
          const began = Date.now();
          const addresses = ports.map((port) => `http${plain ? "" : "s"}://127.0.0.1:${port + plain}`);
          checkDenied();
          const status = await race(addresses, permission.state === "prompt" ? personMs : probeMs, failures);
          if (status) {
            me.notice = plain ? error(blocked ? "blocked-by-csp" : "agent-untrusted", me.address) : null;
            memory("setItem", me.address.slice(-5) - plain);
            if (me.onevent) listening ||= listen();
            return status;
          }
          if ((saw("AbortError") || Date.now() - began > ASKED_MS) && !/^[gd]/.test(permission.state))
            throw fail("permission-pending");
        }
      await pause(REPORT_MS);
      checkDenied();
      if (blocked) throw fail("blocked-by-csp");
      if (saw("old")) throw fail("too-old");
      if (await anyRefuses(failures)) throw fail("origin-refused");
      throw fail(saw("foreign") || saw("AbortError") ? "foreign-program" : "not-installed");
    };

    const connect = () => (connecting ||= search().finally(() => (connecting = null)));

    // ---- talking to it ----

    const ask = async (path, body) => {
      if (!me.address) await connect();
      const { address } = me;
      const init = {
        redirect: "error",
        method: body ? "POST" : "GET",
        headers: { "Accept-Language": me.language, ...(body && { "Content-Type": "application/json" }) },
        body: body && JSON.stringify(body),
      };
      const [answer, json] = await request(address, path, init, REQUEST_MS).catch((cause) => [cause]);
      if (!json) {
        me.address = null;
        throw error("agent-lost", address, answer);
      }
      if (!answer.ok) throw new UkeydError(json, json);
      return json;
    };

    const list = async (name) => (await ask(name))[name];
    const act = (id, what, body) => ask(`operations/${encodeURIComponent(id)}${what}`, body);

    // The operation once it has changed or a while is over, across restarts of the agent.
    const next = async (operation) => {
      let left = lostMs;
      for (let ms = BACK_OFF_MS; ; ms = longer(ms)) {
        try {
          return await act(operation.id, `?wait=${WAIT_SECONDS}&version=${operation.version}`);
        } catch (cause) {
          const { code, detail } = cause;
          if (closed || (!TEXTS[code] && code !== "too-many-requests")) throw cause;
          left -= ms;
          if (left < 0) throw error("agent-lost", detail, cause, operation);
          await pause(ms);
        }
      }
    };

    const watch = async (operation, { onprogress, signal, untilConfirmed }) => {
      const cancel = () => me.cancel(operation.id).catch(nothing);
      let seen;
      signal?.addEventListener("abort", cancel);
      try {
        for (;;) {
          const { state, version, error: problem } = operation;
          if (seen !== version) tell(onprogress, operation);
          seen = version;
          if (state === "done") return operation;
          // failed, cancelled, or unconfirmed too; without a problem it is about to be gone on with
          if (problem && (untilConfirmed ? /led$/ : /ed$/).test(state))
            throw new UkeydError(problem, problem, operation);
          if (signal?.aborted && operation.cancellable) await cancel();
          operation = await next(operation);
        }
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    };

    // Tells how things stand, then each event until the WebSocket drops; over and over.
    const listen = async () => {
      for (let ms = BACK_OFF_MS; !closed; ms = longer(ms)) {
        try {
          await connect();
          if (closed) break;
          await new Promise((resolve) => {
            socket = new WebSocket(me.address.replace("http", "ws") + "/v1/events", "ukeyd.v1");
            socket.onopen = async () => {
              ms = BACK_OFF_MS;
              // Asked only now, so that no change falls between it and the first event.
              const status = await ask("status").catch(nothing);
              if (status) tell(me.onevent, { event: "status.changed", status });
            };
            socket.onmessage = ({ data }) => tell(me.onevent, JSON.parse(data));
            socket.onclose = resolve;
          });
        } catch {}
        await pause(ms);
      }
    };

    // ---- what the page sees ----

    addEventListener("securitypolicyviolation", ({ disposition, blockedURI }) => {
      blocked ||= disposition === "enforce" && blockedURI.includes("127.0.0.1");
    }, life); // of which it takes the signal
    Object.assign(me, {
      language,
      connect,
      status: connect,
      tokens: () => list("tokens"),
      operations: () => list("operations"),
      async resume(id, options = {}) {
        const found = await act(id, "");
        return watch(found.resumable ? await act(id, "/resume", {}) : found, options);
      },
      cancel: (id) => act(id, "/cancel", {}),
      abandon: (id) => act(id, "/abandon", {}),
      async run(kind, { ticket, token, ...options } = {}) {
        // A POST is never sent twice, so find out first whether the agent is there.
        for (const step of [nothing, connect]) {
          await step();
          if (options.signal?.aborted) throw error("closed");
        }
        return watch(await ask("operations", { kind, ticket, token }), options);
      },
      close() {
        closed = true;
        socket?.close();
        open.forEach((each) => each.abort());
      },
    });
  }
}
