/** CA锁密码重置: a bidder's keys to reset, a reviewer's requests to decide. */

import {path, send} from "./api.js";
import {ask, askReason} from "./dialog.js";
import {h} from "./dom.js";
import {day, moment} from "./format.js";
import {t, tx} from "./i18n.js";
import {list} from "./list.js";
import {user} from "./session.js";
import {button, facts, linkButton, notice, pill, tell} from "./ui.js";
import {caHead, caTabs} from "./view_orders.js";
import {changePin, resetPin} from "./work.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{serial: string, number: string, holder: string, organisation: string, not_after: string | null,
 *   request: {id: number | string, state: string, user: string, at: string, reason: string} | null}} Key */

const bidding = () => user().role === "bidder";

export const title = () => t(bidding() ? "resets.title" : "resets.title.review");

/** @type {Record<string, "good" | "wait" | "bad" | "idle">} */
const kinds = {requested: "wait", approved: "good", rejected: "bad"};

/** @param {Key} key */
function request(key) {
    return (
        key.request &&
        h(
            "div",
            {class: "line"},
            pill(kinds[key.request.state] ?? "idle", tx("reset.state", key.request.state)),
            h(
                "span",
                {class: "soft"},
                t("reset.requested.by", {user: key.request.user, at: moment(key.request.at)}),
            ),
            key.request.reason && h("p", {}, t("reset.because", key.request)),
        )
    );
}

/**
 * @param {Context} context
 * @param {Key} key
 */
async function approve(context, key) {
    const shown = facts([
        [t("order.holder"), key.holder],
        [t("key.organisation"), key.organisation],
        [t("order.serial"), key.serial],
        [t("reset.request"), key.request?.user ?? ""],
    ]);
    if (!(await ask({body: [h("p", {}, t("reset.approve.ask")), shown], yes: t("reset.approve")})))
        return;
    await send("POST", path`/resets/${String(key.request?.id)}/approve`, {});
    await context.reload();
    tell(t("reset.approved"));
}

/**
 * @param {Context} context
 * @param {Key} key
 */
async function reject(context, key) {
    const done = await askReason(t("reset.reject"), t("reset.reason"), (reason) =>
        send("POST", path`/resets/${String(key.request?.id)}/reject`, {reason}),
    );
    if (!done) return;
    await context.reload();
    tell(t("reset.rejected"));
}

/**
 * @param {Context} context
 * @param {Key} key
 */
function act(context, key) {
    if (bidding())
        return button({
            label: t("reset.do"),
            kind: "primary small",
            name: t("reset.do.name", key),
            act: () => resetPin(context, key),
        });
    const disabled = key.request?.state !== "requested";
    return h(
        "div",
        {class: "line"},
        button({
            label: t("reset.approve"),
            kind: "primary small",
            name: t("reset.approve.name", key),
            disabled,
            act: () => approve(context, key),
        }),
        button({
            label: t("reset.reject"),
            kind: "danger small",
            name: t("reset.reject.name", key),
            disabled,
            act: () => reject(context, key),
        }),
    );
}

/** @param {Context} context */
export async function render(context) {
    const shown = await list(context, {
        path: "/resets",
        /** @type {import("./list.js").Column<Key>[]} */
        columns: [
            {label: t("column.number"), kind: "number", cell: (_key, number) => number},
            {label: t("order.holder"), kind: "main", cell: (key) => key.holder},
            {label: t("key.organisation"), kind: "name", cell: (key) => key.organisation},
            {label: t("key.number"), kind: "time", cell: (key) => key.number || "–"},
            {label: t("order.serial"), kind: "serial", cell: (key) => key.serial},
            {label: t("order.not_after"), kind: "time", cell: (key) => day(key.not_after)},
            {label: t("reset.request"), cell: (key) => request(key) || "–"},
            {label: t("reset.do"), kind: "act", cell: (key) => act(context, key)},
        ],
        label: title(),
        hint: t("keys.search"),
        empty: t(bidding() ? "resets.empty" : "resets.empty.review"),
        actions: bidding()
            ? [
                  linkButton("/orders", t("back")),
                  button({label: t("key.change"), symbol: "key", act: () => changePin()}),
              ]
            : [],
    });
    return h(
        "div",
        {},
        caHead(title()),
        caTabs("renew"),
        bidding() && notice("info", h("p", {}, t("resets.lead"))),
        shown,
    );
}
