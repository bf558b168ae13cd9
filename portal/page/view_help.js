/** Downloads, a check of this computer, and what to do when something doesn't work. */

import {theAgent} from "./agent.js";
import {nextSteps} from "./agent_next.js";
import {getOpen} from "./api.js";
import {h, icon} from "./dom.js";
import {day, keyKind, size} from "./format.js";
import {t, tx} from "./i18n.js";
import {button, head, linkButton, notice, panel, problemNotice, problemOf} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{name: string, kind: string, size: number, sha256: string, url: string}} Download */
/** @typedef {import("/sdk/ukeyd.js").Token} Token */
/** @typedef {import("/sdk/ukeyd.js").SupportedToken} SupportedToken */

export const title = () => t("help.title");

/** @param {Download} file */
function download(file) {
    return h(
        "li",
        {},
        icon("file"),
        h(
            "div",
            {class: "grow"},
            h("p", {class: "strong"}, tx("help.kind", file.kind)),
            h("p", {class: "soft"}, `${file.name} · ${size(file.size)}`),
            h(
                "details",
                {},
                h("summary", {}, t("help.sha256")),
                h("p", {class: "hash"}, file.sha256),
            ),
        ),
        linkButton(file.url, t("help.get"), {
            kind: "primary",
            symbol: "download",
            name: t("help.get.name", file),
            download: true,
        }),
    );
}

/** @param {Context} context */
async function downloads(context) {
    const answer = await getOpen("/downloads", context.signal).catch((thrown) => {
        if (context.signal.aborted) throw thrown;
        return problemOf(thrown);
    });
    const files = Array.isArray(answer) ? answer : answer.items;
    if (!files) return problemNotice(answer);
    return files.length > 0
        ? h("ul", {class: "files"}, files.map(download))
        : notice("info", h("p", {}, t("help.downloads.none")));
}

/**
 * The one in use: after a renewal with a new key the one before is still there.
 * @param {SupportedToken} token
 */
function newestCertificate(token) {
    return token.certificates
        .filter(({usage}) => usage === "sign" || usage === "both")
        .sort((a, b) => b.not_before.localeCompare(a.not_before))[0];
}

/** @param {SupportedToken["pin"]} pin */
function pinState({left, max, default: initial}) {
    if (left === 0) return t("help.check.locked");
    if (initial) return t("help.check.default");
    if (left === null) return t("help.check.tries.unknown");
    return max === null ? t("help.check.left", {left}) : t("help.check.tries", {left, max});
}

/** @param {Token} token */
function keyLine(token) {
    if (!token.supported) return problemNotice(token.error);
    const certificate = newestCertificate(token);
    const unbound = token.seals.some((seal) => !seal.bound);
    return notice(
        token.pin.left === 0 || token.pin.default || unbound ? "warn" : "good",
        h("p", {class: "strong serial"}, `${keyKind(token.driver)} ${token.serial}`),
        certificate &&
            h(
                "p",
                {},
                t("help.check.holder", {
                    name: certificate.common_name,
                    day: day(certificate.not_after),
                }),
            ),
        h("p", {}, pinState(token.pin)),
        unbound && h("p", {}, t("help.check.seal")),
    );
}

/** @param {HTMLElement} out */
async function check(out) {
    const say = (/** @type {Node[]} */ ...nodes) => out.replaceChildren(...nodes);
    try {
        say(h("p", {}, t("agent.preparing")));
        const agent = await theAgent();
        agent.onpermission = (question) =>
            say(
                notice(
                    "info",
                    h("p", {class: "strong"}, question.title),
                    h("p", {}, question.text),
                ),
            );
        const status = await agent.connect();
        const connected = notice(
            "good",
            h("p", {class: "strong"}, t("help.check.agent")),
            h("p", {}, t("help.check.agent.ok", status)),
        );
        const hint = agent.notice;
        const first = hint
            ? [
                  connected,
                  notice("warn", h("p", {class: "strong"}, hint.title), h("p", {}, hint.remedy)),
              ]
            : [connected];
        say(...first, h("p", {}, t("help.check.reading")));
        const keys = await agent.tokens();
        say(
            ...first,
            ...(keys.length > 0
                ? keys.map(keyLine)
                : [notice("warn", h("p", {}, t("help.check.nokey")))]),
        );
    } catch (thrown) {
        const problem = problemOf(thrown);
        say(
            problemNotice(
                problem,
                nextSteps(problem.code, {
                    retry: () => check(out),
                    resume: null,
                    abandon: null,
                    leave: () => undefined,
                    serial: null,
                }),
            ),
        );
    }
}

function checkPart() {
    const out = h("div", {role: "status", "aria-live": "polite"});
    return [
        h("p", {}, t("help.check.lead")),
        h("p", {}, button({label: t("help.check.do"), kind: "primary", act: () => check(out)})),
        out,
    ];
}

function questions() {
    /** @type {Array<[string, string]>} */
    const pairs = [
        [t("help.q.none"), t("help.a.none")],
        [t("help.q.key"), t("help.a.key")],
        [t("help.q.window"), t("help.a.window")],
        [t("help.q.pin"), t("help.a.pin")],
        [t("help.q.broken"), t("help.a.broken")],
    ];
    return pairs.map(([question, answer]) =>
        h("details", {}, h("summary", {}, question), h("p", {}, answer)),
    );
}

/** @param {Context} context */
export async function render(context) {
    const files = await downloads(context);
    const permission = panel(
        "04",
        t("help.permission"),
        h("p", {}, t("help.permission.1")),
        h("p", {}, t("help.permission.2")),
    );
    const trouble = panel("05", t("help.trouble"), questions());
    permission.id = "permission";
    trouble.id = "trouble";
    const install = h(
        "ol",
        {class: "plainlist"},
        [t("help.install.1"), t("help.install.2"), t("help.install.3")].map((text) =>
            h("li", {}, text),
        ),
    );
    return h(
        "div",
        {},
        head(t("help.title")),
        panel("01", t("help.downloads"), files),
        panel("02", t("help.install"), install),
        panel("03", t("help.check"), checkPart()),
        permission,
        trouble,
    );
}
