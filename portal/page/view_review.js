/** The reviewer's desk: the orders that wait. */

import {path} from "./api.js";
import {h} from "./dom.js";
import {money, moment} from "./format.js";
import {t, tx} from "./i18n.js";
import {list} from "./list.js";
import {head, linkButton} from "./ui.js";
import {paidPill, statePill} from "./view_orders.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {import("./view_orders.js").Order} Order */

export const title = () => t("review.title");

/** @param {Context} context */
export async function render(context) {
    const orders = await list(context, {
        path: "/orders",
        fixed: {state: "待审核"},
        /** @type {import("./list.js").Column<Order>[]} */
        columns: [
            {label: t("column.number"), kind: "number", cell: (_order, number) => number},
            {label: t("order.organisation"), kind: "main", cell: (order) => order.organisation},
            {label: t("order.holder"), kind: "name", cell: (order) => order.holder},
            {label: t("order.fee_kind"), cell: (order) => tx("fee", order.fee_kind)},
            {label: t("order.fee"), kind: "time", cell: (order) => money(order.fee_fen)},
            {label: t("order.paid"), cell: (order) => paidPill(order.paid)},
            {label: t("order.changed"), kind: "time", cell: (order) => moment(order.changed)},
            {label: t("order.state"), cell: (order) => statePill(order.state)},
            {
                label: t("review.open"),
                kind: "act",
                cell: (order) =>
                    linkButton(path`/review/${order.number}`, t("review.open"), {
                        kind: "primary small",
                        name: t("review.open.name", order),
                    }),
            },
        ],
        label: t("review.title"),
        hint: t("orders.search"),
        empty: t("review.empty"),
    });
    return h("div", {}, head(t("review.title")), orders);
}
