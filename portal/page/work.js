/** What a user does with a key, from the click to the message at its end: 延期, 签章延期, 重置, 修改密码. */

import {leftBehind, operate, watchAgain} from "./agent.js";
import {path, send} from "./api.js";
import {remind} from "./dialog.js";
import {h} from "./dom.js";
import {day, duration} from "./format.js";
import {t} from "./i18n.js";
import {button, clearMessages, facts, notice, say} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{serial: string, holder: string, organisation: string}} Key */

/**
 * @param {Key} key
 * @param {...[string, string]} more
 */
function keyFacts(key, ...more) {
    return facts([
        [t("order.holder"), key.holder],
        [t("order.organisation"), key.organisation],
        [t("order.serial"), key.serial],
        ...more,
    ]);
}

/** @param {string} message the agent's */
function told(message) {
    return notice("good", h("p", {class: "strong", "data-message": true}, message));
}

/**
 * @param {Context} context
 * @param {Key & {number: string, months: number}} order
 */
export async function renew(context, order) {
    const finished = await operate({
        kind: "renew",
        title: t("order.renew"),
        question: [
            h("p", {}, t("renew.ask")),
            keyFacts(order, [t("order.months"), duration(order.months)]),
        ],
        serial: order.serial,
        continues: (broken) => broken.order === order.number,
        ticket: async () =>
            (await send("POST", path`/orders/${order.number}/ticket`, {kind: "renew"})).ticket,
    });
    if (finished === null) return context.reload();
    const answer = await remind(
        [told(finished.message ?? t("renew.message"))],
        [{label: t("next.seal.invite"), answer: "seal"}],
    );
    return answer === "seal" ? context.go(path`/keys/${order.serial}/seal`) : context.reload();
}

/**
 * @param {Context} context
 * @param {Key & {not_after: string | null}} key
 * @param {{id: string, name: string}} [seal] which one, on a key with several
 */
export async function extendSeal(context, key, seal) {
    const finished = await operate({
        kind: "extend-seal",
        title: t("seal.extend"),
        question: [
            h("p", {}, t("seal.ask", {serial: key.serial})),
            keyFacts(key, [t("order.not_after"), day(key.not_after)]),
            seal && h("p", {class: "strong"}, seal.name),
        ],
        serial: key.serial,
        continues: () => seal === undefined, // which one it was for is not told
        ticket: async () =>
            (
                await send("POST", path`/keys/${key.serial}/ticket`, {
                    kind: "extend-seal",
                    seal: seal?.id,
                })
            ).ticket,
    });
    if (finished === null) return;
    await remind([told(finished.message ?? "")]);
    await context.reload();
}

/**
 * @param {Context} context
 * @param {Key & {not_after: string | null}} key
 */
export async function resetPin(context, key) {
    /** A request that waits for the platform's approval. */
    let waits = false;
    const finished = await operate({
        kind: "reset-pin",
        title: t("resets.title"),
        question: [
            h("p", {}, t("reset.ask")),
            keyFacts(key, [t("order.not_after"), day(key.not_after)]),
            notice("info", h("p", {}, t("resets.lead"))),
        ],
        serial: key.serial,
        continues: () => true,
        ticket: async () => {
            const request = await send("POST", path`/keys/${key.serial}/resets`, {});
            waits = request.state !== "approved";
            return waits
                ? null
                : (await send("POST", path`/resets/${String(request.id)}/ticket`, {})).ticket;
        },
    });
    if (waits) await remind([h("p", {}, t("reset.asked"))]);
    else if (finished !== null) await remind([told(finished.message ?? "")]);
    await context.reload();
}

/** @param {Key} [key] the one that is plugged in, unless it is said */
export async function changePin(key) {
    const finished = await operate({
        kind: "change-pin",
        title: t("key.change"),
        question: [h("p", {}, t("key.change.ask")), key && keyFacts(key)],
        serial: key?.serial,
    });
    if (finished !== null) await remind([told(finished.message ?? "")]);
}

/** Tells of work that went on in the agent while the page was reloaded, or that broke off.
 * @param {() => Promise<void>} reload the page that is shown */
export function offerToWatch(reload) {
    const left = leftBehind();
    if (left === null) return;
    const watch = async () => {
        clearMessages();
        const finished = await watchAgain(left);
        if (finished !== null) await remind([told(finished.message ?? "")]);
        await reload();
    };
    say(
        notice(
            "info",
            h("p", {}, t(left.broken ? "agent.broken" : "agent.left", left)),
            button({label: t(left.broken ? "next.goon" : "agent.left.watch"), act: watch}),
        ),
    );
}
