/** 延期续费: the list of renewal orders. */

import {path} from "./api.js";
import {h} from "./dom.js";
import {moment} from "./format.js";
import {t, tx} from "./i18n.js";
import {list} from "./list.js";
import {user} from "./session.js";
import {button, head, linkButton, pill, tabs} from "./ui.js";
import {renew} from "./work.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{number: string, organisation: string, holder: string, serial: string, fee_kind: string,
 *   months: number, fee_fen: number, paid: boolean, state: string, changed: string, renewable: boolean,
 *   renewed: string | null}} Order */

export const title = () => t(user().role === "bidder" ? "tab.renew" : "orders.title.all");

/** @type {Record<string, "good" | "wait" | "bad" | "idle">} */
const kinds = {审核通过: "good", 待审核: "wait", 审核不通过: "bad"};

/** The states of an order, in the manual's words. */
export const states = ["编辑中", "待审核", "审核通过", "审核不通过"];

/** @param {string} state */
export function statePill(state) {
    return pill(kinds[state] ?? "idle", tx("state", state));
}

/** @param {boolean} paid */
export function paidPill(paid) {
    return pill(paid ? "good" : "idle", t(paid ? "paid.yes" : "paid.no"));
}

/** The tabs of CA办理 for a bidder; reviewers have both in the navigation.
 * @param {"renew" | "keys"} current */
export function caTabs(current) {
    return (
        user().role === "bidder" &&
        tabs(
            [
                {href: "/orders", label: t("tab.renew"), current: current === "renew"},
                {href: "/keys", label: t("tab.keys"), current: current === "keys"},
            ],
            t("tabs.ca"),
        )
    );
}

/** @param {string} text */
export function caHead(text) {
    const organisation = user().organisation;
    return head(
        text,
        user().role === "bidder" &&
            organisation &&
            h("p", {class: "of"}, t("orders.of", {organisation})),
    );
}

/**
 * 延期, and once that was done the seal.
 * @param {Context} context
 * @param {Order} order
 */
export function renewCell(context, order) {
    if (order.renewed)
        return linkButton(path`/keys/${order.serial}/seal`, t("order.seal"), {
            kind: "quiet small",
            name: t("order.seal.name", {holder: order.holder}),
        });
    return button({
        label: t("order.renew"),
        kind: "primary small",
        name: t("order.renew.name", order),
        disabled: !order.renewable,
        hint: order.renewable ? undefined : t("order.renew.not"),
        act: () => renew(context, order),
    });
}

/**
 * @param {Context} context
 * @returns {import("./list.js").Column<Order>[]}
 */
function columns(context) {
    const bidder = user().role === "bidder";
    /** @type {import("./list.js").Column<Order>[]} */
    const all = [
        {label: t("column.number"), kind: "number", cell: (_order, number) => number},
        {label: t("order.organisation"), kind: "main", cell: (order) => order.organisation},
        {label: t("order.fee_kind"), cell: (order) => tx("fee", order.fee_kind)},
        {label: t("order.paid"), cell: (order) => paidPill(order.paid)},
        {label: t("order.changed"), kind: "time", cell: (order) => moment(order.changed)},
        {label: t("order.state"), cell: (order) => statePill(order.state)},
        {
            label: t("order.view"),
            kind: "act",
            cell: (order) =>
                linkButton(path`/orders/${order.number}`, t("order.view"), {
                    kind: "quiet small",
                    symbol:
                        order.state === "编辑中" || order.state === "审核不通过" ? "edit" : "view",
                    name: t("order.view.name", order),
                }),
        },
    ];
    if (bidder)
        all.push({
            label: t("order.renew"),
            kind: "act",
            cell: (order) => renewCell(context, order),
        });
    else all.splice(2, 0, {label: t("order.holder"), kind: "name", cell: (order) => order.holder});
    return all;
}

/** @param {Context} context */
export async function render(context) {
    const bidder = user().role === "bidder";
    const orders = await list(context, {
        path: "/orders",
        columns: columns(context),
        label: t("tab.renew"),
        hint: t("orders.search"),
        empty: t(bidder ? "orders.empty" : "orders.empty.review"),
        filters: [
            {
                name: "state",
                label: t("order.state"),
                choices: states.map((state) => [state, tx("state", state)]),
            },
            {
                name: "paid",
                label: t("order.paid"),
                choices: [
                    ["true", t("paid.yes")],
                    ["false", t("paid.no")],
                ],
            },
        ],
        actions: bidder
            ? [
                  linkButton("/orders/new", t("orders.new"), {kind: "primary", symbol: "plus"}),
                  linkButton("/help", t("orders.download"), {symbol: "download"}),
                  linkButton("/resets", t("orders.resets"), {symbol: "reset"}),
              ]
            : [],
    });
    return h(
        "div",
        {},
        caHead(t(bidder ? "orders.title" : "orders.title.all")),
        caTabs("renew"),
        orders,
    );
}
