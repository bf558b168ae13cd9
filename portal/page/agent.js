/** Work with the key through the agent on this computer: question, progress, end, and what to do when it
 * fails. The SDK does the talking (/sdk/ukeyd.js). */

import {nextSteps} from "./agent_next.js";
import {Progress} from "./agent_progress.js";
import {openDialog} from "./dialog.js";
import {h} from "./dom.js";
import {language, t} from "./i18n.js";
import {button, notice, problemNotice, problemOf} from "./ui.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("/sdk/ukeyd.js").Operation} Operation */
/** @typedef {import("/sdk/ukeyd.js").Kind} Kind */
/** @typedef {import("/sdk/ukeyd.js").Ukeyd} Ukeyd */

/**
 * @typedef {object} Work
 * @property {Kind} kind
 * @property {string} title
 * @property {Child[]} question what the user confirms first
 * @property {string} [serial] of the key that is meant
 * @property {() => Promise<string | null>} [ticket] null: there is none yet, and the user was told why
 * @property {(broken: Operation) => boolean} [continues] whether an operation of this kind on this key, which
 * broke off, was for the same
 */

/** @type {Ukeyd | null} */
let agent = null;

/** Where the operation under way is kept, so that a reloaded page finds it again. */
const STORED = "operation";

/** @typedef {{id: string, title: string, kind: Kind, broken?: boolean}} Left broken: it can be gone on with */

/** @returns {Left | null} an operation that this tab left behind */
export function leftBehind() {
    const stored = sessionStorage.getItem(STORED);
    return stored === null ? null : JSON.parse(stored);
}

/** The user has turned away. */
function stopped() {
    return {code: "cancelled", title: t("agent.stopped")};
}

/** The one connection of this page. */
export async function theAgent() {
    try {
        const sdk = await import("/sdk/ukeyd.js");
        agent ??= new sdk.Ukeyd({language: language()});
    } catch (thrown) {
        throw {
            code: "sdk",
            title: t("agent.sdk"),
            detail: String(thrown),
            remedy: t("agent.sdk.remedy"),
        };
    }
    agent.language = language();
    return agent;
}

/** @param {unknown} thrown
 * @returns {Operation | null} what broke off and can be gone on with */
function brokenBy(thrown) {
    const {operation} = /** @type {{operation?: Operation}} */ (thrown);
    return operation?.resumable ? operation : null;
}

/** One run of the work inside its dialog. */
class Run {
    /** @param {Work} work */
    constructor(work) {
        this.work = work;
        this.dialog = openDialog({title: t("dialog.ask"), body: work.question, wide: true});
        this.abort = new AbortController();
        /** The operation's id in the agent, once it has one.
         * @type {string | null} */
        this.id = null;
        /** @type {Operation | null} */
        this.finished = null;
        this.running = false;
        this.dialog.element.addEventListener("cancel", (event) => {
            if (this.running) event.preventDefault();
        });
        this.dialog.element.addEventListener("close", () => this.abort.abort());
    }

    /** @param {() => Promise<void>} act */
    async question(act) {
        const go = button({label: t("confirm"), kind: "primary", act});
        this.dialog.foot.replaceChildren(
            button({label: t("cancel"), act: () => this.dialog.close("")}),
            go,
        );
        go.focus();
    }

    /** Ends when the user leaves the dialog.
     * @returns {Promise<never>} */
    left() {
        return new Promise((_resolve, reject) =>
            this.dialog.closed.then(() => reject(stopped())),
        );
    }

    /** @param {import("/sdk/ukeyd.js").PermissionQuestion} question */
    permission(question) {
        const {body, foot} = this.dialog;
        /** @type {Promise<void>} */
        const clicked = new Promise((resolve) => {
            const go = button({
                label: t("agent.permission.go"),
                kind: "primary",
                act: () => {
                    body.replaceChildren(
                        notice("info", h("p", {class: "strong"}, t("agent.permission.note"))),
                    );
                    foot.replaceChildren();
                    resolve();
                },
            });
            body.replaceChildren(
                notice(
                    "info",
                    h("p", {class: "strong"}, question.title),
                    h("p", {}, question.text),
                    h("p", {}, t("agent.permission.why")),
                ),
            );
            foot.replaceChildren(
                button({label: t("cancel"), act: () => this.dialog.close("")}),
                go,
            );
            go.focus();
        });
        return Promise.race([clicked, this.left()]);
    }

    /** The same work broke off earlier.
     * @returns {Promise<boolean>} whether to go on with it; false: from the start */
    wantsToGoOn() {
        const {body, foot} = this.dialog;
        /** @type {Promise<boolean>} */
        const chosen = new Promise((resolve) => {
            const go = button({label: t("next.goon"), kind: "primary", act: () => resolve(true)});
            body.replaceChildren(
                notice(
                    "warn",
                    h("p", {class: "strong"}, t("agent.broken", {title: this.work.title})),
                    h("p", {}, t("agent.broken.lead")),
                ),
            );
            foot.replaceChildren(
                button({label: t("cancel"), act: () => this.dialog.close("")}),
                button({label: t("next.anew"), act: () => resolve(false)}),
                go,
            );
            go.focus();
        });
        return Promise.race([chosen, this.left()]);
    }

    /** Goes on with the same work that broke off, if there is any and the user wants it.
     * @param {Ukeyd} connected
     * @param {object} watch
     * @param {Progress} progress
     * @returns {Promise<Operation | null>} null: it is to be done from the start */
    async goOn(connected, watch, progress) {
        const {kind, serial, continues} = this.work;
        const broken = (await connected.operations()).find(
            (one) =>
                one.resumable &&
                one.kind === kind &&
                one.token.serial === serial &&
                continues?.(one),
        );
        if (!broken) return null;
        const goesOn = await this.wantsToGoOn();
        this.shows(progress);
        if (goesOn) return connected.resume(broken.id, watch);
        await connected.abandon(broken.id);
        return null;
    }

    /** Gives up what broke off. */
    async abandon() {
        const connected = await theAgent();
        if (this.id !== null) await connected.abandon(this.id);
        sessionStorage.removeItem(STORED);
        this.dialog.close("");
    }

    /** @param {Progress} progress */
    shows(progress) {
        this.dialog.title.textContent = this.work.title;
        this.dialog.element.classList.add("busy");
        this.dialog.body.replaceChildren(progress.element);
        const stop = button({
            label: t("cancel"),
            act: () => {
                progress.say(t("agent.cancelling"));
                this.abort.abort();
                if (this.id === null) this.dialog.close("");
            },
        });
        this.dialog.foot.replaceChildren(stop);
        this.stop = stop;
    }

    /** @param {Progress} progress */
    watching(progress) {
        return (/** @type {Operation} */ operation) => {
            this.id = operation.id;
            sessionStorage.setItem(
                STORED,
                JSON.stringify({id: operation.id, title: this.work.title, kind: operation.kind}),
            );
            progress.follow(operation);
            if (this.stop) this.stop.disabled = !operation.cancellable;
        };
    }

    /** @param {(agent: Ukeyd, watch: object, progress: Progress) => Promise<Operation | null>} start */
    async go(start) {
        const progress = new Progress(this.work.title);
        this.abort = new AbortController();
        this.running = true;
        try {
            this.shows(progress);
            progress.say(t("agent.preparing"));
            const connected = await theAgent();
            connected.onpermission = (question) => this.permission(question);
            await connected.connect();
            if (!this.dialog.element.open) return;
            this.shows(progress);
            const watch = {signal: this.abort.signal, onprogress: this.watching(progress)};
            this.finished = await start(connected, watch, progress);
            sessionStorage.removeItem(STORED);
            this.dialog.close("done");
        } catch (thrown) {
            this.failed(problemOf(thrown), brokenBy(thrown));
        } finally {
            this.running = false;
            this.dialog.element.classList.remove("busy");
        }
    }

    /** From the first step on. */
    start() {
        const {kind, serial, ticket} = this.work;
        this.id = null;
        return this.go(async (connected, watch, progress) => {
            if (!ticket) {
                progress.say(t("agent.starting"));
                return connected.run(/** @type {"change-pin"} */ (kind), {...watch, token: serial});
            }
            const goneOn = await this.goOn(connected, watch, progress);
            if (goneOn) return goneOn;
            progress.say(t("agent.ticket"));
            const value = await ticket();
            if (value === null || this.abort.signal.aborted) return null;
            progress.say(t("agent.starting"));
            return connected.run(/** @type {"renew"} */ (kind), {
                ...watch,
                ticket: value,
                token: serial,
            });
        });
    }

    /** Goes on watching what the agent still does, or with what broke off. */
    resume() {
        const id = this.id ?? "";
        return this.go((connected, watch) =>
            connected.resume(id, {...watch, untilConfirmed: true}),
        );
    }

    /** So that a page that is loaded later knows of it.
     * @param {import("./ui.js").Problem} problem
     * @param {Operation | null} broken */
    keep(problem, broken) {
        const {title, kind} = this.work;
        if (broken)
            sessionStorage.setItem(
                STORED,
                JSON.stringify({id: broken.id, title, kind, broken: true}),
            );
        else if (problem.code !== "agent-lost") sessionStorage.removeItem(STORED);
    }

    /**
     * @param {import("./ui.js").Problem} problem
     * @param {Operation | null} broken
     */
    failed(problem, broken) {
        const {body, foot} = this.dialog;
        this.keep(problem, broken);
        const steps = nextSteps(problem.code, {
            retry: () => this.start(),
            resume: this.id !== null ? () => this.resume() : null,
            abandon: broken && (() => this.abandon()),
            leave: () => this.dialog.close(""),
            serial: this.work.serial ?? null,
        });
        body.replaceChildren(
            problem.code === "written-not-confirmed"
                ? notice(
                      "warn",
                      h("p", {class: "strong"}, t("agent.unconfirmed")),
                      h("p", {}, problem.title),
                      problem.remedy && h("p", {}, problem.remedy),
                  )
                : problemNotice(problem, broken && h("p", {}, t("agent.broken.lead"))),
        );
        foot.replaceChildren(
            button({label: t("close"), act: () => this.dialog.close("")}),
            ...steps,
        );
        const first = steps[0] ?? foot.querySelector("button");
        first?.focus();
    }
}

/**
 * Asks, works, and shows how it goes.
 * @param {Work} work
 * @returns {Promise<Operation | null>} the finished operation; null when it did not come to that
 */
export async function operate(work) {
    const run = new Run(work);
    run.question(() => run.start());
    await run.dialog.closed;
    return run.finished;
}

/**
 * Watches an operation that was left behind, or goes on with it, to its end.
 * @param {Left} left
 * @returns {Promise<Operation | null>} the finished operation
 */
export async function watchAgain(left) {
    const run = new Run({kind: left.kind, title: left.title, question: []});
    run.id = left.id;
    run.resume();
    await run.dialog.closed;
    return run.finished;
}
